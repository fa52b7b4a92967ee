// The web page in a real browser: opens it, sees an app, restarts it by its button, follows its log, and finds no error in
// the console. With a fourth argument the page is saved there as a picture.
// Run by meson: web_page.mjs PROCVISOR NODE_MODULES [PICTURE]; exit code 77 (skipped) where there is no Chromium.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const [procvisor, modules] = process.argv.slice(2, 4).map(name => resolve(name));
const picture = process.argv[4];
const chromium_path = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find(existsSync);
if (!chromium_path || !existsSync(join(modules, 'playwright-core'))) {
  console.log('left out: chromium or playwright-core is not there');
  process.exit(77);
}
const { chromium } = createRequire(join(modules, 'x'))('playwright-core');

const folder = mkdtempSync(join(tmpdir(), 'procvisor-page-'));
const env = { PATH: process.env.PATH, HOME: folder, PROCVISOR_HOME: join(folder, 'home') };

function run(...args) {
  const done = spawnSync(procvisor, args, { cwd: folder, env, encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`procvisor ${args.join(' ')}: ${done.status}\n${done.stdout}${done.stderr}`);
  return done.stdout;
}

function check(condition, what) {
  if (!condition) throw new Error(`not so: ${what}`);
}

const free_port = () => new Promise(resolve => {
  const server = createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    server.close(() => resolve(port));
  });
});

const hostile = '<img src=x onerror=alert(1)>\x1b[31m';

let browser;
try {
  writeFileSync(join(folder, 'app.sh'), 'echo "up as $$"; while read -r word; do echo "heard $word"; done\n');
  writeFileSync(join(folder, 'ecosystem.json'), JSON.stringify([
    { name: 'web', script: './app.sh' },
    { name: 'mail', script: './app.sh', namespace: 'shop' },
    { name: 'b<b>old', script: './app.sh' },
    { name: 'broken', script: './app.sh', autostart: false },
  ]));
  run('start', 'ecosystem.json');
  const port = await free_port();
  const address = run('web', '--port', String(port)).trim();

  browser = await chromium.launch({ executablePath: chromium_path, args: ['--no-sandbox'] });
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  const complaints = [], requests = [];
  page.on('console', message => message.type() === 'error' && complaints.push(message.text()));
  page.on('pageerror', error => complaints.push(String(error)));
  page.on('dialog', () => complaints.push('a dialog'));
  page.on('request', request => requests.push(request.url()));

  for (let attempt = 0; ; ++attempt) { // it has been started; whether it listens is seen by its answer
    try { await page.goto(address); break; } catch (error) { if (attempt > 100) throw error; await new Promise(r => setTimeout(r, 100)); }
  }
  complaints.length = 0;
  check(page.url().endsWith('/ui'), `the token has left the address: ${page.url()}`);
  const row = name => page.locator('#rows tr').filter({ has: page.locator(`td.name[title="${name}"]`) });
  await row('web').waitFor();
  check(await row('web').locator('.s-online').count() === 1, 'web is online');
  check(await row('broken').locator('.s-stopped').count() === 1, 'broken is stopped');
  check(await page.locator('td.name b').count() === 0, 'a name is text');

  await page.keyboard.press('/');
  await page.keyboard.type('shop');
  await page.waitForFunction(() => document.querySelectorAll('#rows tr').length === 1);
  await page.keyboard.press('Escape');

  await row('web').click();
  await page.locator('#log', { hasText: 'up as' }).waitFor();
  run('send', 'web', hostile);
  await page.locator('#log', { hasText: 'heard <img src=x' }).waitFor();
  check(await page.locator('#log img').count() === 0, 'a log line is text');

  await page.getByRole('button', { name: 'Restart' }).click();
  await page.locator('#told', { hasText: 'restart web: done' }).waitFor();
  await page.waitForFunction(() => [...document.querySelectorAll('#facts dd')].some(dd => dd.textContent.startsWith('1')));
  check(JSON.parse(run('jlist')).find(one => one.name === 'web').pm2_env.restart_time === 1, 'web was restarted');
  await page.waitForFunction(() => (document.getElementById('log').textContent.match(/up as/g) || []).length >= 2);

  await row('web').focus(); // by keyboard alone
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Enter');
  check(await page.locator('#title').textContent() !== 'web (0)', 'another row is selected');
  await row('web').click();

  if (picture) {
    await page.waitForTimeout(8000); // some history for the graphs
    await page.screenshot({ path: picture });
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.waitForTimeout(1500);
    await page.screenshot({ path: picture.replace('.png', '-dark.png') });
  }
  await page.setViewportSize({ width: 360, height: 700 }); // a phone
  check(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing is wider than a phone');
  if (picture) await page.screenshot({ path: picture.replace('.png', '-phone.png'), fullPage: true });

  const foreign = requests.filter(url => !url.startsWith(`http://127.0.0.1:${port}/`));
  check(foreign.length === 0, `no request to elsewhere: ${foreign}`);
  check(complaints.length === 0, `no complaints: ${complaints}`);
  console.log('the page shows, restarts and follows');
} finally {
  if (browser) await browser.close();
  spawnSync(procvisor, ['kill'], { cwd: folder, env });
  rmSync(folder, { recursive: true, force: true });
}
