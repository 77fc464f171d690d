// Imports an HTTP Archive with the importer of Chromium's own DevTools and prints as JSON what that
// made of it.
// Usage: har.mjs FILE
import fs from 'node:fs';
import {chromium} from 'playwright-core';

const browser = await chromium.launch({executablePath: '/usr/bin/chromium', chromiumSandbox: false});
const page = await browser.newPage();
await page.goto('devtools://devtools/bundled/inspector.html');
const imported = await page.evaluate(async text => {
  const {HARFormat, Importer} = await import('/bundled/models/har/har.js');
  const log = new HARFormat.HARRoot(JSON.parse(text)).log;
  const requests = Importer.Importer.requestsFromHARLog(log);
  return Promise.all(requests.map(async request => {
    const content = await request.requestContentData();
    const base64 = !content.error && !content.isTextContent;
    return {
      url: request.url(),
      method: request.requestMethod,
      status: request.statusCode,
      protocol: request.protocol,
      mimeType: request.mimeType,
      type: request.resourceType().name(),
      remote: request.remoteAddress(),
      size: request.resourceSize,
      transferred: request.transferSize,
      milliseconds: Math.round((request.endTime - request.issueTime()) * 1000),
      connect: request.timing.connectEnd - request.timing.connectStart,
      ssl: request.timing.sslEnd - request.timing.sslStart,
      query: request.queryParameters?.map(pair => pair.name + '=' + pair.value),
      cookies: request.responseCookies?.map(cookie => cookie.name()),
      body: await request.requestFormData(),
      text: content.error ? content.error : base64 ? content.base64 : content.text,
      base64,
      events: request.eventSourceMessages().map(event => event.eventName + " " + event.data),
      frames: request.frames().map(frame => frame.type + ' ' + frame.opCode + ' ' + frame.text),
    };
  }));
}, fs.readFileSync(process.argv[2], 'utf8'));
console.log(JSON.stringify(imported));
await browser.close();
