// 10,000 random schedules, each from a random date on: core/cron against croner, the library that PM2 takes
// (tools/fetch-peers installs it). Exit code 77: it is not there, the test is skipped.
//   croner.mjs CRON_TIMES PEERS [SEED]
import {execFileSync} from 'node:child_process';
import {createRequire} from 'node:module';

const [program, peers, given] = process.argv.slice(2);
let Cron;
try {
  ({Cron} = createRequire(peers + '/')('croner'));
} catch {
  console.log('croner is not installed: skipped');
  process.exit(77);
}

let seed = Number(given ?? Date.now() % 1e9);
console.log(`seed ${seed}`);
const below = (n) => ((seed = (seed * 1103515245 + 12345) & 0x7fffffff) >> 8) % n;
const months = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const weekdays = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

function member(low, high, names) {
  const first = low + below(high - low + 1), last = first + below(high - first + 1);
  switch (below(5)) {
    case 0: return `${first}-${last}`;
    case 1: return `*/${1 + below(high - low)}`;
    case 2: return `${first}-${last}/${1 + below(5)}`;
    default: return names && below(2) ? names[first - low] : String(first);
  }
}
function field(low, high, names) {
  return below(3) === 0 ? '*' : Array.from({length: 1 + below(3)}, () => member(low, high, names)).join(',');
}
function schedule() {
  const fields = below(3) === 0 ? [field(0, 59)] : [];
  fields.push(field(0, 59), field(0, 23));
  fields.push(below(12) === 0 ? 'L' : field(1, 31), field(1, 12, months));
  fields.push(below(10) === 0 ? `${below(7)}#${1 + below(5)}` : field(0, 6, weekdays));
  return fields.join(' ');
}
function due(after, times) {
  try {
    const job = new Cron(times, {timezone: 'UTC', paused: true});
    let at = new Date(after * 1000), text = '';
    for (let i = 0; i < 3 && (at = job.nextRun(at)); ++i)
      text += at / 1000 + ' ';
    return text || 'error'; // never due, which is an error here
  } catch {
    return 'error';
  }
}

const rows = Array.from({length: 10000}, () => [below(2000000000), schedule()]);
const ours = execFileSync(program, {input: rows.map((row) => row.join(' ') + '\n').join(''), maxBuffer: 1 << 26})
                 .toString().split('\n');
const different = rows.filter(([after, times], i) => {
  const theirs = due(after, times);
  if (theirs === ours[i])
    return false;
  console.log(`after ${after}: ${times}\n  croner    ${theirs}\n  procvisor ${ours[i]}`);
  return true;
});
console.log(`${different.length} of ${rows.length} are different`);
process.exit(different.length === 0 ? 0 : 1);
