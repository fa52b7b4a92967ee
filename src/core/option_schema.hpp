#pragma once

#include <nlohmann/json_fwd.hpp>

namespace procvisor {

/// A JSON schema (draft 07) of files of apps, for editors: made from core/option_table, with each key under all of its
/// names.
nlohmann::ordered_json ecosystem_schema();

} // namespace procvisor
