#include "actors/state_book.hpp"

#include <cerrno>
#include <cstring>

#include <caf/typed_event_based_actor.hpp>
#include <fmt/format.h>

#include "os/memfd.hpp"

namespace procvisor {

namespace {

/// Between a change and its way to the disk: what happens at once is saved at once.
constexpr auto save_pause = std::chrono::milliseconds{100};
constexpr auto retry_pause = std::chrono::seconds{10};

/// A recorder that takes longer than this waits for its disk.
constexpr auto save_ought_to_take = std::chrono::seconds{5};

constexpr size_t worth_a_rewrite = 256 * 1024;

} // namespace

state_book::state_book(registry_actor::pointer self, setup with) : self_(self), with_(std::move(with)) {
}

void state_book::write_anew() {
  const auto state = with_.whole();
  auto [text, lines, numbers] = write_state(state);
  os::unique_fd file = os::growing_memfd("procvisor-state");
  if (!file || !os::write_at(file.get(), text, 0)) {
    failed_ = std::strerror(errno);
    file_.reset(); // the next change tries again; the keeper has what was written before
    return;
  }
  file_ = std::make_shared<os::unique_fd>(std::move(file));
  size_ = text.size();
  lines_ = lines;
  rewrite_at_ = 2 * size_ + worth_a_rewrite;
  numbers_ = std::move(numbers);
  self_->send(with_.launcher, deposit_state{file_});
  if (!state.processes.empty()) // a daemon that begins with nothing leaves the last state for `resurrect`
    save_soon(save_pause);
}

void state_book::declare(const process_record& record) {
  const auto [at, is_new] = numbers_.try_emplace(record.caller, static_cast<uint32_t>(numbers_.size()));
  const auto caller = is_new ? environment_entry(at->second, *record.caller) : std::string{};
  append(caller + process_entry(record, at->second) + lifecycle_entry(record.id, record.state), is_new ? 3 : 2);
}

void state_book::change(process_id id, const lifecycle& state) {
  append(lifecycle_entry(id, state), 1);
}

void state_book::remove(process_id id, generation gen) {
  append(removed_entry(id, gen), 1);
}

void state_book::append(std::string_view text, size_t lines) {
  if (!file_ || size_ + text.size() > rewrite_at_ || !os::write_at(file_->get(), text, size_)) {
    write_anew();
    return;
  }
  size_ += text.size();
  lines_ += lines;
  save_soon(save_pause);
}

void state_book::save_soon(clock::duration pause) {
  has_changed_ = true;
  if (is_closed_ || save_is_due_ || saving_since_)
    return;
  save_is_due_ = true;
  self_->run_delayed(pause, [this] { save(); });
}

void state_book::close() {
  if (has_changed_)
    save();
  is_closed_ = true;
}

void state_book::save() {
  save_is_due_ = false;
  if (!file_ || is_closed_)
    return;
  const auto end = end_entry(lines_);
  if (!os::write_at(file_->get(), end, size_)) {
    write_anew();
    return;
  }
  size_ += end.size();
  ++lines_;
  has_changed_ = false;
  saving_since_ = self_->clock().now();
  self_->request(with_.recorder, caf::infinite, save_file{with_.path, file_, size_})
      .then(
          [this](const std::string& failed) {
            saving_since_.reset();
            failed_ = failed;
            if (!failed_.empty())
              save_soon(retry_pause);
            else if (has_changed_)
              save_soon(save_pause);
          },
          [](const caf::error&) {}); // the recorder_link has ended, and so does this process
}

std::vector<std::string> state_book::notes() const {
  std::vector<std::string> all;
  if (!failed_.empty())
    all.push_back(fmt::format("saving the state to '{}' failed: {}; trying again every {} s", with_.path, failed_,
                              std::chrono::seconds{retry_pause}.count()));
  else if (saving_since_ && self_->clock().now() - *saving_since_ > save_ought_to_take)
    all.push_back(fmt::format(
        "the state has not been saved for {} s: the recorder waits for the disk of '{}'",
        std::chrono::duration_cast<std::chrono::seconds>(self_->clock().now() - *saving_since_).count(), with_.path));
  return all;
}

} // namespace procvisor
