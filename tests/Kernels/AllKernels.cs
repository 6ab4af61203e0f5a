using Scry.Tests.Kernels.Harness;
using Xunit;

namespace Scry.Tests.Kernels;

/// <summary>Debian 12's own kernel, in the build for virtual machines.</summary>
public sealed class Kernel61Cloud(Kernel61Cloud.Booted machine, KernelTable table) : KernelTests(machine, table), IClassFixture<Kernel61Cloud.Booted>
{
    /// <summary>Its machine.</summary>
    public sealed class Booted() : Machine("6.1-cloud-amd64");
}

/// <summary>Debian 12's own kernel.</summary>
public sealed class Kernel61(Kernel61.Booted machine, KernelTable table) : KernelTests(machine, table), IClassFixture<Kernel61.Booted>
{
    /// <summary>Its machine.</summary>
    public sealed class Booted() : Machine("6.1-amd64");
}

/// <summary>Debian 12's own kernel, with PREEMPT_RT.</summary>
public sealed class Kernel61Rt(Kernel61Rt.Booted machine, KernelTable table) : KernelTests(machine, table), IClassFixture<Kernel61Rt.Booted>
{
    /// <summary>Its machine.</summary>
    public sealed class Booted() : Machine("6.1-rt-amd64");
}

/// <summary>The newer kernel of Debian 12's updates, which is Debian 13's, in the build for virtual machines.</summary>
public sealed class Kernel612Cloud(Kernel612Cloud.Booted machine, KernelTable table) : KernelTests(machine, table), IClassFixture<Kernel612Cloud.Booted>
{
    /// <summary>Its machine.</summary>
    public sealed class Booted() : Machine("6.12-cloud-amd64");
}

/// <summary>The newer kernel of Debian 12's updates, which is Debian 13's.</summary>
public sealed class Kernel612(Kernel612.Booted machine, KernelTable table) : KernelTests(machine, table), IClassFixture<Kernel612.Booted>
{
    /// <summary>Its machine.</summary>
    public sealed class Booted() : Machine("6.12-amd64");
}

/// <summary>The newer kernel of Debian 12's updates, which is Debian 13's, with PREEMPT_RT.</summary>
public sealed class Kernel612Rt(Kernel612Rt.Booted machine, KernelTable table) : KernelTests(machine, table), IClassFixture<Kernel612Rt.Booted>
{
    /// <summary>Its machine.</summary>
    public sealed class Booted() : Machine("6.12-rt-amd64");
}

/// <summary>Debian 12's own kernel on arm64.</summary>
public sealed class Kernel61Arm64(Kernel61Arm64.Booted machine, KernelTable table) : KernelTests(machine, table), IClassFixture<Kernel61Arm64.Booted>
{
    /// <summary>Its machine.</summary>
    public sealed class Booted() : Machine("6.1-cloud-arm64");
}

/// <summary>The newer kernel of Debian 12's updates, which is Debian 13's, on arm64.</summary>
public sealed class Kernel612Arm64(Kernel612Arm64.Booted machine, KernelTable table) : KernelTests(machine, table), IClassFixture<Kernel612Arm64.Booted>
{
    /// <summary>Its machine.</summary>
    public sealed class Booted() : Machine("6.12-cloud-arm64");
}
