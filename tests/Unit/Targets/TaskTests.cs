using Scry.Targets;
using Xunit;

namespace Scry.Tests.Unit.Targets;

public sealed class TaskTests
{
    [Fact]
    public void Ids_are_separated_by_commas_or_white_space_and_each_is_taken_once()
    {
        Assert.Equal([12, 13, 14, 15], Tasks.ParseIds(["12,13", "14 12\n", "15,"], "pid"));
    }

    [Theory]
    [InlineData("12,x", "'x' is not a pid")]
    [InlineData("-1", "'-1' is not a pid")]
    [InlineData("0", "'0' is not a pid")]
    [InlineData("99999999999", "'99999999999' is not a pid")]
    [InlineData(",", "no pid given")]
    public void What_is_no_id_is_named(string word, string message)
    {
        Assert.Equal(message, Assert.Throws<TargetException>(() => Tasks.ParseIds([word], "pid")).Message);
    }

    [Fact]
    public void A_process_has_its_threads_and_a_missing_one_is_an_error()
    {
        // pid 1 is there in every pid namespace; above pid_max (2^22) there is none.
        Assert.Contains(1, Tasks.ThreadsOf(1));
        Assert.Equal("no process has pid 4194305", Assert.Throws<TargetException>(() => Tasks.ThreadsOf(4194305)).Message);
        Assert.Equal("no thread has tid 4194305", Assert.Throws<TargetException>(() => Tasks.RequireThread(4194305)).Message);
        Assert.Throws<TargetException>(() => Tasks.ThreadsOf(Environment.ProcessId));
    }

    [Fact]
    public void A_thread_belongs_to_its_process_while_it_is_there()
    {
        int thread = Tasks.TryThreadsOf(Environment.ProcessId).Max();
        Assert.Equal(Environment.ProcessId, Tasks.ProcessOf(thread));
        Assert.Null(Tasks.ProcessOf(4194305));
        Assert.Empty(Tasks.TryThreadsOf(4194305));
    }

    [Fact]
    public void Comm_is_read_and_null_when_the_thread_is_gone()
    {
        Assert.NotNull(Tasks.CommOf(Environment.ProcessId));
        Assert.Null(Tasks.CommOf(4194305));
    }

    [Fact]
    public void A_comm_has_1_to_15_bytes()
    {
        Assert.Equal("nginx"u8.ToArray(), Tasks.EncodeComm("nginx"));
        Assert.Equal(15, Tasks.EncodeComm("123456789012345").Length);
        Assert.Contains("'123456789012345'", Assert.Throws<TargetException>(() => Tasks.EncodeComm("1234567890123456")).Hint);
        Assert.Throws<TargetException>(() => Tasks.EncodeComm("ääääääää"));
        Assert.Throws<TargetException>(() => Tasks.EncodeComm(""));
    }

    [Fact]
    public void Users_are_found_by_name_first_then_number()
    {
        string passwd = Path.GetTempFileName();
        try
        {
            File.WriteAllText(passwd, "root:x:0:0::/root:/bin/sh\nbroken\n1000:x:7:7:::\nwww-data:x:33:33:::\nbad:x:y:1:::\n");
            Assert.Equal(33u, Users.Resolve("www-data", passwd));
            Assert.Equal(7u, Users.Resolve("1000", passwd));
            Assert.Equal(4242u, Users.Resolve("4242", passwd));
            Assert.Throws<TargetException>(() => Users.Resolve("bad", passwd));
            Assert.Throws<TargetException>(() => Users.Resolve("4294967295", passwd));
            Assert.Throws<TargetException>(() => Users.Resolve("", passwd));
        }
        finally
        {
            File.Delete(passwd);
        }
    }
}
