namespace Scry.Tests.Unit;
