using Scry.Targets;
using Xunit;

namespace Scry.Tests.Unit.Targets;

public sealed class OpenFilesTests
{
    [Fact]
    public void A_process_has_its_open_files_and_a_working_directory()
    {
        string path = Path.GetTempFileName();
        using (var file = new FileStream(path, FileMode.Open))
        {
            int fd = (int)file.SafeFileHandle.DangerousGetHandle();
            Assert.Contains((fd, path), OpenFiles.Of(Environment.ProcessId));
        }
        File.Delete(path);
        Assert.Equal(Environment.CurrentDirectory, OpenFiles.WorkingDirectoryOf(Environment.ProcessId));
    }

    [Fact]
    public void What_is_no_file_has_the_kernels_name_and_a_file_without_a_name_says_so()
    {
        string path = Path.GetTempFileName();
        using var file = new FileStream(path, FileMode.Open);
        File.Delete(path);
        IReadOnlyList<(int Fd, string Name)> files = OpenFiles.Of(Environment.ProcessId);
        Assert.Contains(files, open => open.Name == path + " (deleted)");
        // .NET waits for signals on a pipe.
        Assert.Contains(files, open => open.Name.StartsWith("pipe:[", StringComparison.Ordinal));
    }

    [Fact]
    public void A_process_that_is_gone_has_none()
    {
        Assert.Empty(OpenFiles.Of(4194305));
        Assert.Null(OpenFiles.WorkingDirectoryOf(4194305));
    }
}
