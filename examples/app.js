// The HTTP service of examples/ecosystem.json: answers each request with what it knows about itself.
'use strict';
const http = require('http');

const port = Number(process.env.PORT || 3000);

const server = http.createServer((request, response) => {
  response.setHeader('Content-Type', 'application/json');
  response.end(JSON.stringify({
    app: 'procvisor example',
    greeting: process.env.GREETING,
    NODE_ENV: process.env.NODE_ENV,
    pid: process.pid,
    instance: process.env.NODE_APP_INSTANCE,
    node: process.version,
  }) + '\n');
});

server.on('error', (error) => {
  console.error(error.code === 'EADDRINUSE'
    ? `port ${port} is taken: start me with another one in PORT`
    : `cannot listen on port ${port}: ${error.message}`);
  process.exit(1);
});

server.listen(port, () => console.log(`${process.env.NODE_ENV}: listening on port ${port}`));

// Asked to stop: finish what is being answered, then go.
process.on('SIGINT', () => server.close(() => process.exit(0)));
