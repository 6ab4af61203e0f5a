namespace Scry.Tests.Layout;
