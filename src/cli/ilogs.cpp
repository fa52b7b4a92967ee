#include "cli/screen/full_screen.hpp"

namespace procvisor::cli {

result<exit_code> run::ilogs(invocation& call) {
  return run_full_screen(call, page_kind::log);
}

} // namespace procvisor::cli
