#pragma once

namespace procvisor::cli {

/// The client: one verb, one exit code (core/result.hpp). For everything but `keeper`, `daemon` and `recorder`.
int run_client(int argc, char** argv);

} // namespace procvisor::cli
