#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "cli/render/list_table.hpp"
#include "core/result.hpp"
#include "rpc/client.hpp"
#include "rpc/process_row.hpp"

namespace procvisor::cli {

/// By which column a list is sorted; where it is equal, by id.
struct list_order {
  bool (*is_before)(const rpc::process_row&, const rpc::process_row&) = nullptr;
  bool is_reversed = false;
};

/// By name, as PM2 does.
extern const list_order default_order;

/// "cpu:desc"; the fields are those of `pm2 list --sort`. Fails with usage.
result<list_order> parse_order(std::string_view text);

/// `with_files`: for a mini list, which shows their paths.
result<rpc::process_list> fetch_list(rpc::client& daemon, bool with_files);

/// The processes that a target means, in the order of their ids; the same of all. Without a daemon there is none.
result<rpc::process_list> list_of_target(const std::string& target);
result<rpc::process_list> list_of_all();

std::string list_text(rpc::process_list& list, const list_order& order, bool is_mini, const canvas& on);

} // namespace procvisor::cli
