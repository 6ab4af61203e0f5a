using Xunit;

// Each follows what all processes map.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
