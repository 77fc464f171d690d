// Sends messages over a WebSocket that echoes them, and prints what comes back.
// Usage: ws.mjs URL
import {HttpsProxyAgent} from 'https-proxy-agent';
import {WebSocket} from 'ws';

const proxy = process.env.https_proxy;
const messages = ['hello', Buffer.from([0, 1, 2, 255]), 'Grüße '.repeat(100), Buffer.alloc(200000, 'b'), ''];
const socket = new WebSocket(process.argv[2], {agent: proxy ? new HttpsProxyAgent(proxy) : undefined});
let next = 0;
const send = () => next < messages.length ? socket.send(messages[next++]) : socket.close(1000, 'bye');
socket.on('open', () => { console.log('open', socket.extensions); socket.ping(); send(); });
socket.on('pong', () => console.log('pong'));
socket.on('message', (data, binary) => {
  console.log(binary, data.length, data.toString('latin1').slice(0, 20));
  send();
});
socket.on('close', (code, reason) => console.log('close', code, reason.toString()));
