#include "http_load.hpp"

#include <signal.h>

namespace e2e {

namespace {

const std::string program = R"(const http = require('http');
const agent = process.argv[3] === 'keep' ? new http.Agent({keepAlive: true, maxSockets: 4}) : false;
let answered = 0, failed = 0, running = 4, ends = false;
function ask() {
  if (ends) {
    if (--running === 0) { console.log(`answered ${answered} failed ${failed}`); process.exit(0); }
    return;
  }
  const request = http.get({port: +process.argv[2], host: '127.0.0.1', agent}, response => {
    response.resume();
    response.on('end', () => { ++answered; if (answered === 100) console.log('busy'); setImmediate(ask); });
    response.on('error', error => { ++failed; console.error(error.code); ask(); });
  }).on('error', error => {
    if (!request.reusedSocket || error.code !== 'ECONNRESET') { ++failed; console.error(error.code); }
    setTimeout(ask, 2);
  });
}
process.on('SIGTERM', () => { ends = true; });
for (let i = 0; i < 4; ++i) ask();
)";

} // namespace

command http_load(const home_fixture& place, int port, const std::string& kind) {
  return {{"node", place.write("load.js", program), std::to_string(port), kind}, place.env, place.folder(), {}};
}

std::string end_of(background_command& load) {
  ::kill(load.pid(), SIGTERM);
  const auto result = load.finish();
  return result.out + result.err;
}

} // namespace e2e
