#include "core/deploy_outcome.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/deploy_request.hpp"
#include "core/suggest.hpp"
#include "core/text.hpp"
#include "core/words.hpp"

namespace procvisor {

namespace {

/// Of a failing stage, for its error.
constexpr size_t most_lines = 20;
constexpr size_t most_line = 1000;

/// What ssh exits with where it is ssh that has failed.
constexpr int ssh_failure = 255;

constexpr std::string_view changed_key = "REMOTE HOST IDENTIFICATION HAS CHANGED";
constexpr std::string_view unknown_key = "Host key verification failed";
constexpr std::string_view no_permission = "Permission denied";
bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

/// By what programs say, git, and df(1).
bool is_of_full_disk(std::string_view output) {
  return contains(output, "No space left on device") || contains(output, "Out of diskspace")
         || contains(output, " 100% /");
}

std::string short_commit(std::string_view commit) {
  return std::string{commit.substr(0, 7)};
}

/// Safe for a terminal, each on a line of its own.
std::string as_lines(std::string_view text) {
  std::string lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    if (const auto line = trimmed(text.substr(0, end)); !line.empty())
      lines += "\n" + printable(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

} // namespace

void deploy_outcome::add(const deploy_event& event) {
  if (event.word == "begin") {
    has_begun_ = true;
  } else if (event.word == "stage") {
    stage_ = event.text;
    last_lines_.clear();
  } else if (event.word == "failed") {
    failed_code_ = event.text;
  } else if (event.word == "error") {
    const size_t space = std::min(event.text.find(' '), event.text.size());
    error_ = event.text.substr(0, space);
    error_text_ = event.text.substr(std::min(space + 1, event.text.size()));
  } else if (event.word == "done") {
    is_done_ = true;
    const size_t space = std::min(event.text.find(' '), event.text.size());
    commit_ = event.text.substr(0, space);
    before_ = event.text.substr(std::min(space + 1, event.text.size()));
  } else if (event.word.empty()) {
    last_lines_.push_back(event.text.substr(0, most_line));
    if (last_lines_.size() > most_lines)
      last_lines_.pop_front();
  }
}

std::string deploy_outcome::stage_text() const {
  if (!has_begun_)
    return is_local() ? "starting" : "connecting";
  if (stage_.empty())
    return "looking at what is there";
  if (stage_ == "folders")
    return "making folders in " + printable(target_->path);
  if (stage_ == "fetch")
    return "fetching from " + printable(target_->repo);
  if (stage_ == "release")
    return "putting the new version in place";
  if (stage_ == "exec")
    return "running the command";
  return stage_; // a hook, by its key
}

std::optional<error> deploy_outcome::failure(const deploy_end& end) const {
  if (is_done_)
    return std::nullopt;
  if (!error_.empty())
    return refusal();
  if (!failed_code_.empty())
    return stage_failure();
  return has_begun_ ? broken_connection(end) : no_connection(end);
}

error deploy_outcome::refusal() const {
  const std::string setup_hint = fmt::format("procvisor deploy {} setup", target_->name);
  const std::string source = printable(target_->path + "/source");
  const auto says = [&](std::string what, std::string hint) {
    return error{exit_code::other, fmt::format("{}: {}", host_, what), std::move(hint)};
  };
  if (error_ == "not-set-up")
    return says(fmt::format("{} is no clone of the repository", source), setup_hint);
  if (error_ == "no-git")
    return says("has no git in its PATH", "install git there");
  if (error_ == "busy")
    return says(fmt::format("another deploy to {} is under way", printable(target_->path)),
                "wait for it; one whose client has gone ends by itself");
  if (error_ == "git-runs")
    return says(fmt::format("a git is at work in {}", source), "wait for it, or end it there");
  if (error_ == "locked")
    return says(fmt::format("a git that was killed has left locks in {}: {}", source, printable(error_text_)),
                "remove them, when no git is at work there");
  if (error_ == "no-ref") {
    const auto words = deploy_words();
    auto hint = did_you_mean(error_text_, {words.begin(), words.end()}); // a ref may be a command misspelt
    return says(fmt::format("there is no ref {} in {}", in_quotes(error_text_), printable(target_->repo)),
                hint.empty() ? "is it pushed? The version before is in place" : std::move(hint));
  }
  if (error_ == "no-tag")
    return says(fmt::format("there is no tag in {}, and no 'ref' says what to deploy", printable(target_->repo)),
                "set 'ref' of this environment: origin/master");
  if (error_ == "no-deploy")
    return says(fmt::format("{} knows of {} deploys, the one in place counted", printable(target_->path), error_text_),
                fmt::format("procvisor deploy {} list", target_->name));
  if (error_ == "not-empty")
    return says(fmt::format("{} is not empty, and no clone of a repository", source), "move what is there away");
  if (error_ == "other-repo")
    return says(fmt::format("{} is a clone of {}, not of {}", source, printable(error_text_), printable(target_->repo)),
                "set its origin there (git remote set-url), or deploy to another 'path'");
  if (error_ == "no-link")
    return says(fmt::format("{}/current is there, and no link", printable(target_->path)), "move it away");
  if (error_ == "torn")
    return says(fmt::format("putting the new version in place failed, and so did going back to {}; {} is neither",
                            short_commit(error_text_), source)
                    + as_lines(fmt::format("{}", fmt::join(last_lines_, "\n"))),
                "mend what the lines above name, and deploy again");
  return says(fmt::format("{} failed: {}", stage_text(), error_), "");
}

error deploy_outcome::stage_failure() const {
  std::string output;
  for (const auto& line : last_lines_)
    output += line + "\n";
  error failed{exit_code::other,
               fmt::format("{}: {} failed with exit code {}", host_, stage_text(), printable(failed_code_)),
               {}};
  if (stage_ != "exec" && !trimmed(output).empty()) // whose output was asked for, and is there already
    failed.what += ":" + as_lines(output);
  if (is_of_full_disk(output))
    failed.hint = fmt::format("make room on {}; the next deploy goes on from there", host_);
  else if (stage_ == "fetch")
    failed.hint =
        fmt::format("try on {}: git ls-remote {}; the version before is in place", host_, printable(target_->repo));
  else if (stage_ == "post-deploy")
    failed.hint = fmt::format("the new version is in place; what runs is what '{}' has left. Mend it and deploy again, "
                              "or: procvisor deploy {} revert",
                              stage_, target_->name);
  else if (stage_ == "pre-deploy" || stage_ == "pre-deploy-local" || stage_ == "release")
    failed.hint = "the version before is in place";
  return failed;
}

error deploy_outcome::broken_connection(const deploy_end& end) const {
  const std::string how =
      end.signal != 0 ? fmt::format("by signal {}", end.signal) : fmt::format("with exit code {}", end.exit_code);
  return {exit_code::other,
          is_local() ? fmt::format("{}: the shell ended {} while {}", host_, how, stage_text())
                     : fmt::format("{}: the connection broke while {}", host_, stage_text()) + as_lines(end.complaint),
          stage_ == "post-deploy" || stage_ == "release"
              ? "the new version may be in place, and what runs be the old one: deploy again"
              : "nothing has been changed: deploy again"};
}

error deploy_outcome::no_connection(const deploy_end& end) const {
  const std::string login = target_->user.empty() ? host_ : fmt::format("{}@{}", target_->user, host_);
  const std::string port = target_->port.empty() ? "" : fmt::format(" -p {}", target_->port);
  error failed{exit_code::other, fmt::format("{}: cannot connect:", host_) + as_lines(end.complaint),
               fmt::format("try: ssh{} {}", port, login)};
  if (end.signal != 0 || end.exit_code != ssh_failure) {
    failed.what = fmt::format("{}: its shell cannot run the deploy script", host_) + as_lines(end.complaint);
    failed.hint = fmt::format("try: ssh{} {} sh", port, login);
  } else if (contains(end.complaint, changed_key)) {
    const std::string entry =
        target_->port.empty() || target_->port == "22" ? host_ : fmt::format("'[{}]:{}'", host_, target_->port);
    failed.what = fmt::format("{}: its host key has changed: it was set up anew, or this is another machine", host_)
                  + as_lines(end.complaint);
    failed.hint = fmt::format("if it was set up anew: ssh-keygen -R {}", entry);
  } else if (contains(end.complaint, unknown_key)) {
    failed.hint = fmt::format("log in once, and look at the key that it shows: ssh{} {}", port, login);
  } else if (contains(end.complaint, no_permission)) {
    failed.hint = fmt::format("it does not take this key: ssh-copy-id{} {}, or set 'key' and 'user'", port, login);
  }
  return failed;
}

} // namespace procvisor
