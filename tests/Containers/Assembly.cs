using Xunit;

// All tests share one engine, and each looks at what BPF programs there are.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
[assembly: AssemblyFixture(typeof(Scry.Tests.Containers.Engine))]
[assembly: System.Runtime.Versioning.SupportedOSPlatform("linux")]
