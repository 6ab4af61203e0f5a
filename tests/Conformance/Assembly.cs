using Xunit;

// What one test starts must not show up in another's trace of the whole machine.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
[assembly: System.Runtime.Versioning.SupportedOSPlatform("linux")]
