// The Node origin of the interop tests: HTTP/1 in the clear and over TLS, HTTP/2 with and without
// TLS, WebSocket, server-sent events and gRPC. Prints its ports as one line of JSON, then a line for
// each request it has answered, as it saw it. Ends when its standard input ends.
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import zlib from 'node:zlib';
import grpc from '@grpc/grpc-js';
import {WebSocket, WebSocketServer} from 'ws';

const [certificate, privateKey] = process.argv.slice(2).map(file => fs.readFileSync(file));
const tls = {cert: certificate, key: privateKey};

const TEXT = Buffer.from('Grüße vom Ursprung\n');
const LONG = Buffer.from('A line of text that is easy to compress.\n'.repeat(2000));
const PICTURE = Buffer.from(
  '89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8ffff3f00'
    + '05fe02fe0def46b80000000049454e44ae426082', 'hex');
const CODINGS = {
  gzip: body => zlib.gzipSync(body),
  deflate: body => zlib.deflateSync(body),
  'raw-deflate': body => zlib.deflateRawSync(body),
  br: body => zlib.brotliCompressSync(body),
  zstd: body => zlib.zstdCompressSync(body),
};
const PAGE = `<!doctype html><title>Page</title><link rel="icon" href="data:,"><script src="/script.js"></script>
<img id="image" src="/image"><pre id="out"></pre>
<script>
const out = [];
const done = Promise.all([
  new Promise(then => { image.complete ? then() : image.onload = then; })
    .then(() => out.push('image ' + image.naturalWidth)),
  fetch('/coded/gzip').then(r => r.text()).then(t => out.push('fetch ' + t.length)),
  fetch('/echo', {method: 'POST', body: 'x'.repeat(100000)}).then(r => r.text())
    .then(t => out.push('echo ' + t.length)),
  new Promise(then => {
    const socket = new WebSocket(location.origin.replace('http', 'ws') + '/socket');
    socket.onopen = () => socket.send('hello');
    socket.onmessage = m => { out.push('socket ' + m.data); socket.close(1000, 'bye'); };
    socket.onclose = c => { out.push('close ' + c.code); then(); };
  }),
  new Promise(then => {
    const events = new EventSource('/events');
    let count = 0;
    events.onmessage = e => {
      out.push('event ' + ++count + ' ' + e.data.length);
    };
    // The end, after which it would try again in a while: closed before, the stream would be cut.
    events.onerror = () => { events.close(); then(); };
  }),
]).then(() => { out.push(script()); return out.sort().join('\\n'); });
</script>`;

function tell(seen) {
  fs.writeSync(1, JSON.stringify(seen) + '\n');
}

function pairs(raw) {
  const headers = [];
  for (let i = 0; i < raw.length; i += 2) {
    if (!raw[i].startsWith(':')) {
      headers.push([raw[i], raw[i + 1]]);
    }
  }
  return headers;
}

const sha = data => crypto.createHash('sha256').update(data).digest('hex').slice(0, 16);

/** What is random in a request, a boundary of multipart, is masked. */
function digest(body, type) {
  const boundary = /boundary=(.+)/.exec(type ?? '')?.[1];
  const text = body.toString('latin1');
  return sha(boundary ? Buffer.from(text.replaceAll(boundary, 'BOUNDARY'), 'latin1') : body);
}

function handler(scheme) {
  return async (request, response) => {
    const parts = [];
    try {
      for await (const part of request) parts.push(part);
    } catch {
      return; // The client went away.
    }
    const body = Buffer.concat(parts);
    response.sendDate = false;
    if (request.httpVersionMajor === 1) response.removeHeader('Connection');
    const url = new URL(request.url, scheme + '://' + (request.authority ?? request.headers.host));
    const seen = {
      version: request.httpVersion, method: request.method, url: url.href,
      target: request.url, headers: pairs(request.rawHeaders),
      up: body.length, body: digest(body, request.headers['content-type']), down: 0,
    };
    if (request.rawTrailers.length > 0) seen.trailers = pairs(request.rawTrailers);
    function answer(status, headers, content = Buffer.alloc(0)) {
      const noBody = request.method === 'HEAD' || status === 304 || status === 204;
      seen.status = status;
      seen.down = noBody ? 0 : content.length;
      response.writeHead(status, headers);
      response.end(noBody ? undefined : content);
      tell(seen);
    }
    const path = url.pathname;
    if (path === '/text') {
      text(request, answer);
    } else if (path === '/echo') {
      answer(200, {'Content-Type': 'application/octet-stream', 'Content-Length': body.length}, body);
    } else if (path === '/digest') {
      answer(200, {'Content-Type': 'text/plain'}, Buffer.from(`${body.length} ${seen.body}\n`));
    } else if (path.startsWith('/coded/')) {
      const coding = path.slice(7);
      const coded = CODINGS[coding](LONG);
      seen.decoded = LONG.length;
      answer(200, {
        'Content-Type': 'text/plain', 'Content-Length': coded.length,
        'Content-Encoding': coding.replace('raw-', ''), 'Vary': 'Accept-Encoding',
      }, coded);
    } else if (path === '/big') {
      const size = Number(url.searchParams.get('bytes'));
      answer(200, {'Content-Type': 'application/octet-stream'}, Buffer.alloc(size, '0123456789abcdef'));
    } else if (path === '/moved') {
      answer(Number(url.searchParams.get('status')), {Location: '/echo'});
    } else if (path === '/status') {
      answer(Number(url.searchParams.get('code')), {'X-Reason': 'asked for', 'Set-Cookie': ['a=1', 'b=2']});
    } else if (path === '/hints') {
      response.writeEarlyHints({link: '</style.css>; rel=preload; as=style'});
      answer(200, {'Content-Type': 'text/plain', 'Content-Length': TEXT.length}, TEXT);
    } else if (path === '/headers') {
      const many = Array.from({length: 30}, (_, i) => ['X-Long-' + i, String(i % 10).repeat(1000)]);
      answer(200, {...Object.fromEntries(many), 'Content-Length': TEXT.length}, TEXT);
    } else if (path === '/trailers') {
      seen.status = 200;
      seen.down = TEXT.length;
      seen.ended = [['X-Digest', sha(TEXT)]];
      response.writeHead(200, {'Content-Type': 'text/plain', 'Trailer': 'X-Digest'});
      response.write(TEXT);
      response.addTrailers({'X-Digest': sha(TEXT)});
      response.end();
      tell(seen);
    } else if (path === '/events') {
      const coding = url.searchParams.get('coding');
      const plain = Buffer.from('data: one\n\n: not for you\n\nid: 2\ndata: two\ndata: lines\n\n'
        + 'event: greet\ndata: hello\n\n');
      const content = coding ? CODINGS[coding](plain) : plain;
      seen.messages = [
        ['down', 'sse', 11, 'one'], ['down', 'sse', 29, 'two\nlines'],
        ['down', 'sse', 26, 'event: greet\nhello'],
      ];
      answer(200, {
        'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store',
        ...(coding ? {'Content-Encoding': coding} : {}),
      }, content);
    } else if (path === '/page') {
      answer(200, {'Content-Type': 'text/html; charset=utf-8'}, Buffer.from(PAGE));
    } else if (path === '/script.js') {
      answer(200, {'Content-Type': 'text/javascript'}, Buffer.from("function script() { return 'script'; }\n"));
    } else if (path === '/image') {
      // What follows the end of a PNG is ignored: a small picture in many bytes.
      answer(200, {'Content-Type': 'image/png'}, Buffer.concat([PICTURE, Buffer.alloc(3000000)]));
    } else {
      answer(404, {'Content-Type': 'text/plain'}, Buffer.from('no such thing\n'));
    }
  };
}

function text(request, answer) {
  const headers = {'Content-Type': 'text/plain; charset=utf-8', ETag: '"v1"', 'Accept-Ranges': 'bytes'};
  const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
  if (request.headers['if-none-match'] === '"v1"') {
    answer(304, headers);
  } else if (range) {
    const [from, to] = [Number(range[1]), Number(range[2])];
    headers['Content-Range'] = `bytes ${from}-${to}/${TEXT.length}`;
    answer(206, headers, TEXT.subarray(from, to + 1));
  } else {
    answer(200, {...headers, 'Content-Length': TEXT.length}, TEXT);
  }
}

/** Echoes each message until the client closes, then tells all. */
function echo(socket, seen) {
  seen.messages = [];
  socket.on('message', (data, binary) => {
    const message = [binary ? 'ws.binary' : 'ws.text', data.length, binary ? '' : data.toString()];
    seen.messages.push(['up', ...message], ['down', ...message]);
    socket.send(data, {binary});
  });
  socket.on('close', (code, reason) => {
    const close = ['ws.close', 2 + reason.length, `${code} ${reason}`];
    seen.messages.push(['up', ...close], ['down', ...close]);
    tell(seen);
  });
  socket.on('error', () => {});
}

function webSockets(server, scheme) {
  const sockets = new WebSocketServer({server, perMessageDeflate: {threshold: 100}});
  sockets.on('connection', (socket, request) => echo(socket, {
    version: request.httpVersion, method: request.method,
    url: `${scheme}://${request.headers.host}${request.url}`, target: request.url,
    headers: pairs(request.rawHeaders), status: 101,
  }));
}

/** WebSockets in streams of HTTP/2 (RFC 8441), which ws does not know to accept. */
function streamSockets(server) {
  server.on('connect', (request, response) => {
    const {stream} = request;
    if (request.headers[':protocol'] !== 'websocket') {
      stream.respond({':status': 501}, {endStream: true});
      return;
    }
    stream.respond({':status': 200});
    const socket = new WebSocket(null, undefined, {});
    socket._isServer = true;
    socket.setSocket(stream, Buffer.alloc(0), {maxPayload: 1 << 20, skipUTF8Validation: false});
    echo(socket, {
      version: request.httpVersion, method: request.method,
      url: `https://${request.authority}${request.url}`, target: request.url,
      headers: pairs(request.rawHeaders), status: 200,
    });
  });
}

const raw = {
  requestSerialize: b => b, requestDeserialize: b => b,
  responseSerialize: b => b, responseDeserialize: b => b,
};
const method = (name, requestStream, responseStream) =>
  ({path: '/interop.Echo/' + name, requestStream, responseStream, ...raw});
const SERVICE = {
  unary: method('Unary', false, false),
  down: method('Down', false, true),
  up: method('Up', true, false),
  both: method('Both', true, true),
  fail: method('Fail', false, false),
};

function grpcServer(scheme) {
  const server = new grpc.Server();
  const begin = (call, name) => {
    const seen = {
      version: '2.0', method: 'POST', url: `${scheme}://${call.getHost()}/interop.Echo/${name}`,
      target: '/interop.Echo/' + name, status: 200, messages: [],
      headers: Object.entries(call.metadata.getMap()).sort()
        .map(([name, value]) => [name, Buffer.isBuffer(value) ? value.toString('base64') : value]),
    };
    const metadata = new grpc.Metadata();
    metadata.set('x-initial', name);
    call.sendMetadata(metadata);
    return seen;
  };
  // Of a body, what HTTP carries: each message with its prefix of five bytes.
  const told = (seen, status = grpc.status.OK) => {
    const sum = way => seen.messages.filter(m => m[0] === way).reduce((all, m) => all + 5 + m[2], 0);
    const ended = [['grpc-status', String(status)], ['x-trailer', 'there']];
    tell({...seen, up: sum('up'), down: sum('down'), ended});
  };
  const trailers = () => {
    const metadata = new grpc.Metadata();
    metadata.set('x-trailer', 'there');
    return metadata;
  };
  const up = (seen, message) => seen.messages.push(['up', 'grpc', message.length]);
  const down = (seen, message) => {
    seen.messages.push(['down', 'grpc', message.length]);
    return message;
  };
  server.addService(SERVICE, {
    unary(call, done) {
      const seen = begin(call, 'Unary');
      up(seen, call.request);
      done(null, down(seen, call.request), trailers());
      told(seen);
    },
    down(call) {
      const seen = begin(call, 'Down');
      up(seen, call.request);
      for (let i = 1; i <= 3; i++) call.write(down(seen, Buffer.alloc(i * 1000, i)));
      call.end(trailers());
      told(seen);
    },
    up(call, done) {
      const seen = begin(call, 'Up');
      let bytes = 0;
      call.on('data', message => { up(seen, message); bytes += message.length; });
      call.on('end', () => {
        done(null, down(seen, Buffer.from(String(bytes))), trailers());
        told(seen);
      });
    },
    both(call) {
      const seen = begin(call, 'Both');
      call.on('data', message => { up(seen, message); call.write(down(seen, message)); });
      call.on('end', () => { call.end(trailers()); told(seen); });
    },
    fail(call, done) {
      const seen = begin(call, 'Fail');
      up(seen, call.request);
      done({code: grpc.status.FAILED_PRECONDITION, details: 'not today', metadata: trailers()});
      told(seen, grpc.status.FAILED_PRECONDITION);
    },
  });
  const credentials = scheme === 'http'
    ? grpc.ServerCredentials.createInsecure()
    : grpc.ServerCredentials.createSsl(null, [{cert_chain: certificate, private_key: privateKey}]);
  return new Promise((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', credentials, (error, port) => error ? reject(error) : resolve(port)));
}

function listen(server) {
  return new Promise(resolve => server.listen(0, '127.0.0.1', () => resolve(server.address().port)));
}

const plain = http.createServer({requestTimeout: 0}, handler('http'));
const secure = https.createServer({...tls, requestTimeout: 0}, handler('https'));
webSockets(plain, 'http');
webSockets(secure, 'https');
const h2 = http2.createSecureServer({...tls, allowHTTP1: true}, handler('https'));
webSockets(h2, 'https');
const h2ws = http2.createSecureServer({...tls, settings: {enableConnectProtocol: true}}, handler('https'));
streamSockets(h2ws);
const h2c = http2.createServer(handler('http'));
tell({
  http: await listen(plain), https: await listen(secure), h2: await listen(h2),
  h2ws: await listen(h2ws), h2c: await listen(h2c), grpc: await grpcServer('http'),
  grpcs: await grpcServer('https'),
});
process.stdin.resume().on('end', () => process.exit(0));
