using Xunit;

// What one test traces by name or all over the machine must not be another's.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
