#include "cli/completion_scripts.hpp"

#include <algorithm>
#include <initializer_list>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/deploy_request.hpp"

namespace procvisor::cli {

namespace {

/// "list ls l ps status"
std::vector<std::string> names_of(const verb& what) {
  std::vector<std::string> names{std::string{what.name}};
  for (std::string_view rest = what.aliases; !rest.empty();) {
    const size_t end = std::min(rest.find(' '), rest.size());
    names.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return names;
}

std::string joined(const std::vector<std::string>& words, std::string_view separator) {
  std::string text;
  for (const std::string& word : words)
    text.append(text.empty() ? "" : separator).append(word);
  return text;
}

bool takes_names(const verb& what) {
  return what.operands.find("NAME") != std::string_view::npos || what.operands.find("APP") != std::string_view::npos;
}

std::string names_of_all(const std::vector<verb_words>& verbs, std::string_view separator,
                         bool (*wanted)(const verb&)) {
  std::vector<std::string> names;
  for (const verb_words& one : verbs)
    if (wanted(*one.what))
      names.push_back(joined(names_of(*one.what), separator));
  return joined(names, separator);
}

std::string words_of_deploy() {
  return fmt::format("{}", fmt::join(deploy_words(), " "));
}

bool is_any(const verb&) {
  return true;
}

/// In single quotes, where a quote is written as `escaped`.
std::string in_shell_quotes(std::string_view text, std::string_view escaped) {
  std::string out = "'";
  for (const char c : text)
    out += c == '\'' ? std::string{escaped} : std::string{c};
  return out + "'";
}

constexpr std::string_view posix_quote = R"('\'')";
constexpr std::string_view fish_quote = R"(\')";

/// A script with what stands in it for each of these marks.
std::string filled(std::string script, std::initializer_list<std::pair<std::string_view, std::string>> marks) {
  for (const auto& [mark, text] : marks)
    for (size_t at = 0; (at = script.find(mark, at)) != std::string::npos; at += text.size())
      script.replace(at, mark.size(), text);
  return script;
}

constexpr const char* bash_script = R"sh(_procvisor() {
  local word=${COMP_WORDS[COMP_CWORD]} verb='' words='' name i
  for ((i = 1; i < COMP_CWORD; ++i)); do
    if [[ ${COMP_WORDS[i]} != -* ]]; then
      verb=${COMP_WORDS[i]}
      break
    fi
  done
  COMPREPLY=()
  if [[ -z $verb ]]; then
    words='@verbs@'
    [[ $word == -* ]] && words='--help --version --no-daemon'
  elif [[ $word == -* ]]; then
    case $verb in
@options@    esac
  else
    case $verb in
      help) words='@verbs@' ;;
      deploy) ((COMP_CWORD > i + 1)) && words='@deploy-words@' ;;
      @with-names@)
        while IFS= read -r name; do
          [[ $name == "$word"* ]] && COMPREPLY+=("$(printf %q "$name")")
        done < <(procvisor completion names 2> /dev/null)
        return
        ;;
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _procvisor procvisor
)sh";

constexpr const char* zsh_script = R"sh((( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
_procvisor() {
  local verb='' i
  local -a verbs options names
  for ((i = 2; i < CURRENT; ++i)); do
    if [[ $words[i] != -* ]]; then
      verb=$words[i]
      break
    fi
  done
  if [[ -z $verb ]]; then
    verbs=(
@verbs@    )
    _describe 'verb' verbs
  elif [[ $PREFIX == -* ]]; then
    case $verb in
@options@    esac
    _describe 'option' options
  else
    case $verb in
      (deploy) ((CURRENT > i + 1)) && compadd @deploy-words@ ;;
      (@with-names@)
        names=(${(f)"$(procvisor completion names 2> /dev/null)"})
        compadd -a names
        ;;
    esac
    _files
  fi
}
compdef _procvisor procvisor
)sh";

} // namespace

std::string bash_completion(const std::vector<verb_words>& verbs) {
  std::string options;
  for (const verb_words& one : verbs) {
    std::vector<std::string> words;
    for (const option_words& option : one.options)
      if (!option.long_names.empty())
        words.push_back("--" + option.long_names.front());
    options += fmt::format("      {}) words='{}' ;;\n", joined(names_of(*one.what), "|"), joined(words, " "));
  }
  return filled(bash_script, {{"@verbs@", names_of_all(verbs, " ", is_any)},
                              {"@options@", options},
                              {"@deploy-words@", words_of_deploy()},
                              {"@with-names@", names_of_all(verbs, "|", takes_names)}});
}

std::string zsh_completion(const std::vector<verb_words>& verbs) {
  std::string described;
  std::string options;
  for (const verb_words& one : verbs) {
    for (const std::string& name : names_of(*one.what))
      described += fmt::format("      {}\n", in_shell_quotes(fmt::format("{}:{}", name, one.what->help), posix_quote));
    options += fmt::format("      ({}) options=(\n", joined(names_of(*one.what), "|"));
    for (const option_words& option : one.options)
      if (!option.long_names.empty())
        options +=
            fmt::format("        {}\n",
                        in_shell_quotes(fmt::format("--{}:{}", option.long_names.front(), option.help), posix_quote));
    options += "      ) ;;\n";
  }
  return filled(zsh_script, {{"@verbs@", described},
                             {"@options@", options},
                             {"@deploy-words@", words_of_deploy()},
                             {"@with-names@", names_of_all(verbs, "|", takes_names)}});
}

std::string fish_completion(const std::vector<verb_words>& verbs) {
  std::string text;
  for (const verb_words& one : verbs) {
    const std::string names = joined(names_of(*one.what), " ");
    for (const std::string& name : names_of(*one.what))
      text += fmt::format("complete -c procvisor -n __fish_use_subcommand -a {} -d {}\n", name,
                          in_shell_quotes(one.what->help, fish_quote));
    for (const option_words& option : one.options) {
      text += fmt::format("complete -c procvisor -n '__fish_seen_subcommand_from {}'", names);
      for (const std::string& name : option.long_names)
        text += " -l " + name;
      for (const std::string& name : option.short_names)
        text += " -s " + name;
      text += fmt::format("{} -d {}\n", option.takes_value ? " -r" : "", in_shell_quotes(option.help, fish_quote));
    }
  }
  text += fmt::format("complete -c procvisor -n '__fish_seen_subcommand_from deploy' -a '{}'\n", words_of_deploy());
  return text
         + fmt::format("complete -c procvisor -n '__fish_seen_subcommand_from {}' -a '(procvisor completion names)'\n",
                       names_of_all(verbs, " ", takes_names));
}

} // namespace procvisor::cli
