// Opens a page in a headless Chromium and prints what its scripts found.
// Usage: browser.mjs URL; it trusts what NODE_EXTRA_CA_CERTS names
import {execFileSync} from 'node:child_process';
import fs from 'node:fs';
import {chromium} from 'playwright-core';

// Chromium reads authorities from a database of NSS below HOME.
const database = process.env.HOME + '/.pki/nssdb';
fs.rmSync(database, {recursive: true, force: true});
fs.mkdirSync(database, {recursive: true});
const certutil = (...words) => execFileSync('certutil', ['-d', 'sql:' + database, ...words]);
certutil('-N', '--empty-password');
certutil('-A', '-t', 'C,,', '-n', 'test', '-i', process.env.NODE_EXTRA_CA_CERTS);

const proxy = process.env.https_proxy;
// What the browser itself would ask its maker fails, at the proxy's side and without it.
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  chromiumSandbox: false,
  args: ['--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1'],
  proxy: proxy ? {server: proxy, bypass: '.com'} : undefined,
});
const page = await browser.newPage();
page.on('console', message => console.log('console', message.text()));
page.on('pageerror', error => console.log('error', error.message));
await page.goto(process.argv[2]);
console.log(await page.title());
console.log(await page.evaluate(() => done));
await browser.close();
