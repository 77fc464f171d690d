// Records requests of HTTP/2, over TLS and in the clear. Prints its ports as one line of JSON, then a
// line for each request: its headers in order, the pseudo-headers among them, and its body. Ends when
// its standard input ends.
import fs from 'node:fs';
import http2 from 'node:http2';

const [certificate, privateKey] = process.argv.slice(2).map(file => fs.readFileSync(file));

function tell(seen) {
  fs.writeSync(1, JSON.stringify(seen) + '\n');
}

function onStream(stream, _headers, _flags, raw) {
  const parts = [];
  stream.on('data', part => parts.push(part));
  stream.on('end', () => {
    tell({headers: raw, body: Buffer.concat(parts).toString('base64')});
    stream.respond({':status': 200});
    stream.end();
  });
}

const servers = {
  h2: http2.createSecureServer({cert: certificate, key: privateKey}),
  h2c: http2.createServer(),
};
const ports = {};
for (const [name, server] of Object.entries(servers)) {
  server.on('stream', onStream);
  await new Promise(listening => server.listen(0, '127.0.0.1', listening));
  ports[name] = server.address().port;
}
tell(ports);
process.stdin.on('end', () => process.exit(0)).resume();
