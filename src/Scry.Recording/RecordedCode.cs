using System.Text.Json.Serialization;

namespace Scry.Recording;

/// <summary>What an address or a number in records of stacks stands for. All its texts are hostile.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "is")]
[JsonDerivedType(typeof(KernelCode), "kernel")]
[JsonDerivedType(typeof(PlaceInCode), "place")]
public abstract record RecordedCode;

/// <summary>A function of the kernel that was recorded.</summary>
public sealed record KernelCode : RecordedCode
{
    /// <summary>A return address in it.</summary>
    public required ulong Address { get; init; }
    /// <summary>Its name.</summary>
    public required string Function { get; init; }
    /// <summary>Whether it is one of those that put a thread to sleep.</summary>
    public bool IsScheduler { get; init; }
}

/// <summary>A place in a program: <see cref="Wire.Place"/>.</summary>
public sealed record PlaceInCode : RecordedCode
{
    /// <summary>The number that captures have for it.</summary>
    public required uint Number { get; init; }
    /// <summary>What it is.</summary>
    public required Wire.Place Place { get; init; }
}
