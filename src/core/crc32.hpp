#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace procvisor {

/// CRC-32 as zip and PNG have it. Finds every change of up to 32 bits in a row.
constexpr uint32_t crc32(std::string_view bytes) {
  constexpr auto table = [] {
    std::array<uint32_t, 256> of_byte{};
    for (uint32_t i = 0; i < of_byte.size(); ++i) {
      uint32_t sum = i;
      for (int bit = 0; bit < 8; ++bit)
        sum = (sum >> 1) ^ ((sum & 1U) != 0 ? 0xEDB88320U : 0U);
      of_byte[i] = sum;
    }
    return of_byte;
  }();
  uint32_t sum = 0xFFFFFFFFU;
  for (const char c : bytes)
    sum = (sum >> 8) ^ table[(sum ^ static_cast<uint8_t>(c)) & 0xFFU];
  return ~sum;
}

static_assert(crc32("123456789") == 0xCBF43926U);

} // namespace procvisor
