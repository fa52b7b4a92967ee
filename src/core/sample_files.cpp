#include "core/sample_files.hpp"

namespace procvisor {

namespace {

constexpr sample_file simple_json{"ecosystem.json", R"({
  "apps": [
    { "name": "app", "script": "./app.js" }
  ]
}
)"};

constexpr sample_file simple_yaml{"ecosystem.yaml", R"(apps:
  - name: app
    script: ./app.js
)"};

constexpr sample_file simple_js{"ecosystem.config.js", R"(module.exports = {
  apps: [
    { name: 'app', script: './app.js' },
  ],
};
)"};

constexpr sample_file full_json{"ecosystem.json", R"({
  // Start them: procvisor start ecosystem.json --env production
  "apps": [
    {
      "name": "API",
      "script": "app.js",               // .js is run by node; see procvisor.json(5)
      // "instances": "max",            // one process for each CPU, all on one port
      // "max_memory_restart": "300M",
      // "kill_timeout": "5s",          // from the signal that asks it to end to SIGKILL
      "env": {
        "COMMON_VARIABLE": "true"
      },
      "env_production": {               // on top, with --env production
        "NODE_ENV": "production"
      }
    },
    {
      "name": "WEB",
      "script": "web.js"
      // "watch": true,                 // restarted when files change
      // "cron_restart": "0 3 * * *"
    }
  ],

  // Deploy them: procvisor deploy ecosystem.json production setup, then without setup
  "deploy": {
    "production": {
      "user": "node",
      "host": "server.example",
      "ref": "origin/master",
      "repo": "git@server.example:repo.git",
      "path": "/var/www/production",
      "post-deploy": "procvisor startOrRestart ecosystem.json --env production"
    },
    "dev": {
      "user": "node",
      "host": "server.example",
      "ref": "origin/master",
      "repo": "git@server.example:repo.git",
      "path": "/var/www/development",
      "post-deploy": "procvisor startOrRestart ecosystem.json --env dev",
      "env": {
        "NODE_ENV": "dev"
      }
    }
  }
}
)"};

constexpr sample_file full_yaml{"ecosystem.yaml", R"(# Start them: procvisor start ecosystem.yaml --env production
apps:
  - name: API
    script: app.js                # .js is run by node; see procvisor.json(5)
    # instances: max              # one process for each CPU, all on one port
    # max_memory_restart: 300M
    # kill_timeout: 5s            # from the signal that asks it to end to SIGKILL
    env:
      COMMON_VARIABLE: "true"
    env_production:               # on top, with --env production
      NODE_ENV: production
  - name: WEB
    script: web.js
    # watch: true                 # restarted when files change
    # cron_restart: "0 3 * * *"

# Deploy them: procvisor deploy ecosystem.yaml production setup, then without setup
deploy:
  production:
    user: node
    host: server.example
    ref: origin/master
    repo: git@server.example:repo.git
    path: /var/www/production
    post-deploy: procvisor startOrRestart ecosystem.yaml --env production
  dev:
    user: node
    host: server.example
    ref: origin/master
    repo: git@server.example:repo.git
    path: /var/www/development
    post-deploy: procvisor startOrRestart ecosystem.yaml --env dev
    env:
      NODE_ENV: dev
)"};

constexpr sample_file full_js{"ecosystem.config.js", R"(module.exports = {
  // Start them: procvisor start ecosystem.config.js --env production
  apps: [
    {
      name: 'API',
      script: 'app.js', // .js is run by node; see procvisor.json(5)
      // instances: 'max', // one process for each CPU, all on one port
      // max_memory_restart: '300M',
      // kill_timeout: '5s', // from the signal that asks it to end to SIGKILL
      env: {
        COMMON_VARIABLE: 'true',
      },
      // on top, with --env production
      env_production: {
        NODE_ENV: 'production',
      },
    },
    {
      name: 'WEB',
      script: 'web.js',
      // watch: true, // restarted when files change
      // cron_restart: '0 3 * * *',
    },
  ],

  // Deploy them: procvisor deploy ecosystem.config.js production setup, then without setup
  deploy: {
    production: {
      user: 'node',
      host: 'server.example',
      ref: 'origin/master',
      repo: 'git@server.example:repo.git',
      path: '/var/www/production',
      'post-deploy': 'procvisor startOrRestart ecosystem.config.js --env production',
    },
    dev: {
      user: 'node',
      host: 'server.example',
      ref: 'origin/master',
      repo: 'git@server.example:repo.git',
      path: '/var/www/development',
      'post-deploy': 'procvisor startOrRestart ecosystem.config.js --env dev',
      env: {
        NODE_ENV: 'dev',
      },
    },
  },
};
)"};

} // namespace

sample_file sample_of(sample_format format, bool is_simple) noexcept {
  switch (format) {
    case sample_format::json:
      return is_simple ? simple_json : full_json;
    case sample_format::yaml:
      return is_simple ? simple_yaml : full_yaml;
    case sample_format::js:
      return is_simple ? simple_js : full_js;
  }
  return {};
}

} // namespace procvisor
