#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/deploy_request.hpp"
#include "core/deploy_target.hpp"

namespace procvisor {

/// What a script needs to know besides the target.
struct script_manner {
  std::string mark;     ///< of its marks, see deploy_marks.hpp; nobody else can know it
  bool has_tty = false; ///< sent as an argument, and standard input is a terminal; else it is read from standard input
};

/// All that is to be done on a host, as one POSIX shell script. It does nothing before it has arrived as a whole; it
/// stops when standard input ends, which is when its client or the connection has gone. Where the new version is put in
/// place it is not stopped.
std::string deploy_script(const deploy_target& target, const deploy_request& wanted, const script_manner& manner);

/// The same for a command on this machine, in the working directory.
std::string local_command_script(std::string_view stage, const std::string& command, const script_manner& manner);

/// What is run where a target of this name has no `post-deploy`.
std::string default_post_deploy(const std::string& file, const std::string& target);

/// Who runs a script that comes on standard input.
std::vector<std::string> local_shell();

/// ssh(1) with everything that the target says. `script` is empty, or what is sent as an argument. Without a question
/// (`asks` false) ssh fails where it would ask for a password or about the key of a host.
std::vector<std::string> ssh_command(const deploy_target& target, const std::string& host, const std::string& script,
                                     bool asks);

} // namespace procvisor
