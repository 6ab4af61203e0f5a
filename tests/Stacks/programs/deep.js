// Code of a JIT compiler: read(2) of the main thread.
const fs = require('fs');
function pay(bytes) { return fs.readSync(0, bytes, 0, 1) + 1; }
function visit(bytes) { return pay(bytes) + 1; }
process.stdout.write('ready\n');
visit(Buffer.alloc(1));
