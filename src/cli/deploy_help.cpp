#include "cli/deploy_help.hpp"

namespace procvisor::cli {

const std::string_view deploy_help = R"(Usage: procvisor deploy [FILE] ENVIRONMENT [COMMAND]

Commands:
  setup              make the folders on each host, and clone the repository
  update             deploy the newest commit of 'ref'; the same without a command
  revert [N]         deploy again what was there N deploys ago, 1 by default
  current (curr)     print the commit that is in place
  previous (prev)    print the one before it
  list               print all deploys, newest first
  exec (run) 'TEXT'  run a command in the folder 'current'
  REF (ref REF)      deploy a branch, a tag or a commit

Options:
  -F,--force         do not look whether everything is committed and pushed
  --parallel N       so many hosts at a time, 1 by default

FILE is ecosystem.json, its kin, or package.json in this folder, where none is named. It has an object 'deploy':

  "deploy": {
    "production": {
      "user": "node",
      "host": ["web1.example.org", "web2.example.org"],
      "ref": "origin/master",
      "repo": "git@example.org:me/site.git",
      "path": "/srv/site",
      "post-deploy": "npm ci && procvisor startOrReload ecosystem.json --env production"
    }
  }

  procvisor deploy production setup       once
  procvisor deploy production             each time
  procvisor deploy production revert      when it was a mistake

procvisor.json(5) has all keys.
)";

} // namespace procvisor::cli
