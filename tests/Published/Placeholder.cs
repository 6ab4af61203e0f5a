namespace Scry.Tests.Published;
