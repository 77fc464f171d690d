// Calls the four kinds of gRPC methods, and one that fails, and prints what comes back.
// Usage: grpc.mjs (http|https) HOST:PORT
import fs from 'node:fs';
import grpc from '@grpc/grpc-js';

const [scheme, target] = process.argv.slice(2);
const credentials = scheme === 'http' ? grpc.credentials.createInsecure() : grpc.credentials.createSsl();
const client = new grpc.Client(target, credentials);
const same = b => b;
const path = name => '/interop.Echo/' + name;
const metadata = new grpc.Metadata();
metadata.set('x-client', 'interop');
metadata.set('x-bytes-bin', Buffer.from([1, 2, 3]));

function told(name, call, answer) {
  return new Promise(resolve => {
    const lines = [];
    call.on('metadata', m => lines.push(name + ' initial ' + m.get('x-initial')));
    call.on('data', m => lines.push(name + ' message ' + m.length));
    call.on('error', e => lines.push(`${name} error ${e.code} ${e.details}`));
    call.on('status', s => {
      lines.push(`${name} status ${s.code} ${s.details} ${s.metadata.get('x-trailer')}`);
      resolve(lines);
    });
  });
}

async function run(name, make) {
  const lines = await told(name, make((error, answer) => {
    console.log(name, 'answer', error ? error.code : answer.length);
  }));
  console.log(lines.join('\n'));
}

const big = Buffer.alloc(100000, 7);
await run('Unary', done => client.makeUnaryRequest(path('Unary'), same, same, big, metadata, done));
await run('Unary', done => client.makeUnaryRequest(path('Unary'), same, same, Buffer.alloc(0), metadata, done));
await run('Down', () => client.makeServerStreamRequest(path('Down'), same, same, Buffer.from('go'), metadata));
await run('Up', done => {
  const call = client.makeClientStreamRequest(path('Up'), same, same, metadata, done);
  for (let i = 1; i <= 3; i++) call.write(Buffer.alloc(i * 100));
  call.end();
  return call;
});
await run('Both', () => {
  const call = client.makeBidiStreamRequest(path('Both'), same, same, metadata);
  let sent = 0;
  const send = () => sent < 3 ? call.write(Buffer.alloc(++sent * 10)) : call.end();
  call.on('data', send);
  send();
  return call;
});
await run('Fail', done => client.makeUnaryRequest(path('Fail'), same, same, Buffer.from('x'), metadata, done));
client.close();
