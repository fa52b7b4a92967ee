#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace procvisor {

/// The candidates that someone who typed `word` may have meant, nearest first and at most four: all at the smallest
/// distance (letters changed, added, left out, or neighbours swapped; case does not count), and none that is too far.
std::vector<std::string_view> near_words(std::string_view word, const std::vector<std::string_view>& candidates);

/// "did you mean 'uid', 'gid' or 'pid'?"; empty where nothing is near.
std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& candidates);

} // namespace procvisor
