namespace Scry.Tests.Kernel;
