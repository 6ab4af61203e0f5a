using Scry.Tests.Kernels.Harness;
using Xunit;

// Two machines at a time: an emulated one takes a processor and a bit.
[assembly: CollectionBehavior(MaxParallelThreads = 2)]
[assembly: AssemblyFixture(typeof(KernelTable))]
[assembly: System.Runtime.Versioning.SupportedOSPlatform("linux")]
