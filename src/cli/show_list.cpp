#include "cli/show_list.hpp"

#include <algorithm>
#include <array>
#include <functional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/act.hpp"
#include "cli/daemon.hpp"
#include "cli/render/amounts.hpp"
#include "core/suggest.hpp"
#include "core/targets.hpp"
#include "core/text.hpp"
#include "rpc/wire.hpp"

namespace procvisor::cli {

namespace {

using rpc::process_row;

template <auto Member>
bool is_less(const process_row& a, const process_row& b) {
  return a.*Member < b.*Member;
}

template <auto Member>
bool is_more(const process_row& a, const process_row& b) {
  return a.*Member > b.*Member;
}

struct sort_field {
  std::string_view name;
  bool (*is_before)(const process_row&, const process_row&);
};

constexpr std::array sort_fields = std::to_array<sort_field>({
    {"name", is_less<&process_row::name>},
    {"namespace", is_less<&process_row::name_space>},
    {"pid", is_less<&process_row::pid>},
    {"id", is_less<&process_row::id>},
    {"cpu", is_less<&process_row::cpu>},
    {"memory", is_less<&process_row::memory>},
    {"uptime", is_more<&process_row::started_at>}, // started later: up for less time
    {"status", [](const process_row& a, const process_row& b) { return to_string(a.status) < to_string(b.status); }},
});

} // namespace

const list_order default_order{is_less<&process_row::name>};

result<list_order> parse_order(std::string_view text) {
  size_t colon = text.find(':');
  std::string_view name = text.substr(0, colon);
  std::string_view direction = colon == std::string_view::npos ? "asc" : text.substr(colon + 1);
  if (direction != "asc" && direction != "desc")
    return fail(exit_code::usage, fmt::format("a list is sorted asc or desc, not {}", in_quotes(direction)));
  std::vector<std::string_view> names;
  for (const sort_field& field : sort_fields) {
    if (field.name == name)
      return list_order{field.is_before, direction == "desc"};
    names.push_back(field.name);
  }
  std::string hint = did_you_mean(name, names);
  return fail(exit_code::usage, fmt::format("a list cannot be sorted by {}", in_quotes(name)),
              hint.empty() ? "sort by name, namespace, pid, id, cpu, memory, uptime or status" : hint);
}

result<rpc::process_list> fetch_list(rpc::client& daemon, bool with_files) {
  return daemon.exchange(rpc::method::list, {{"files", with_files}}, rpc::prompt).and_then(rpc::read_process_list);
}

result<rpc::process_list> list_of_target(const std::string& target) {
  return find_daemon().and_then([&](std::optional<rpc::client> daemon) -> result<rpc::process_list> {
    if (!daemon)
      return nothing_there(target);
    const nlohmann::json params{{"targets", nlohmann::json::array({target})}};
    return daemon->exchange(rpc::method::list, params, rpc::prompt).and_then(rpc::read_process_list);
  });
}

result<rpc::process_list> list_of_all() {
  return find_daemon().and_then([](std::optional<rpc::client> daemon) -> result<rpc::process_list> {
    return daemon ? fetch_list(*daemon, false) : rpc::process_list{};
  });
}

std::string list_text(rpc::process_list& list, const list_order& order, bool is_mini, const canvas& on) {
  std::sort(list.processes.begin(), list.processes.end(), [&order](const process_row& a, const process_row& b) {
    if (order.is_before(a, b) != order.is_before(b, a))
      return order.is_reversed ? order.is_before(b, a) : order.is_before(a, b);
    return a.id < b.id;
  });
  if (is_mini)
    return render_mini_list(list.processes, on);
  const auto own = std::stable_partition(list.processes.begin(), list.processes.end(),
                                         [](const process_row& row) { return row.name_space != own_namespace; });
  auto text = render_list({list.processes.begin(), own}, on);
  for (auto row = own; row != list.processes.end(); ++row)
    text += fmt::format("besides: {} (id {}) {}, {}\n", row->name, row->id, to_string(row->status),
                        memory_text(row->memory));
  return text;
}

} // namespace procvisor::cli
