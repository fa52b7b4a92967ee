#pragma once

#include <string>

#include "home_fixture.hpp"

namespace e2e {

/// A repository `origin.git`, a clone of it in `work` from which is deployed, and a server's folder `srv`. Hooks write to
/// the file `seen`.
struct deploy_fixture : home_fixture {
  deploy_fixture();

  /// Of git, in the clone. Its output without the last newline.
  std::string git(words arguments) const;

  /// A commit that changes a file, pushed. Its hash.
  std::string commit(const std::string& file, const std::string& text) const;

  /// ecosystem.json in the clone, committed and pushed: the environment `production` with these keys, and what is required
  /// besides.
  void configure(const std::string& keys) const;

  command deploying(words arguments) const;
  command_result deploy(words arguments) const { return e2e::run(deploying(std::move(arguments))); }
  /// deploy() that must exit with this code.
  command_result ends(int code, words arguments) const;

  std::string head() const; ///< the commit that is in place on the server
  std::string seen() const { return exists("seen") ? read("seen") : ""; }
};

} // namespace e2e
