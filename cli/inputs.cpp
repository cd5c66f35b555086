// SPDX-License-Identifier: Apache-2.0

#include "cli/inputs.hpp"

#include "cli/files.hpp"

#include <fmt/format.h>

#include <cstdint>

namespace shimfuzz::cli {
namespace {

// FNV-1a; one start for each half of the name, so that two inputs with one name are not to be
// expected in a corpus of any size.
std::uint64_t digest(std::string_view content, std::uint64_t start) noexcept {
    std::uint64_t digest = start;
    for (const char byte : content) {
        digest = (digest ^ static_cast<unsigned char>(byte)) * 0x100000001b3U;
    }
    return digest;
}

}  // namespace

std::string input_name(std::string_view content) {
    return fmt::format("{:016x}{:016x}", digest(content, 0xcbf29ce484222325U),
                       digest(content, 0x9e3779b97f4a7c15U));
}

bool keep_input(const std::filesystem::path& folder, std::string_view content) {
    const std::filesystem::path path = folder / input_name(content);
    if (std::filesystem::exists(path)) {
        return false;
    }
    write_file(path, content);
    return true;
}

}  // namespace shimfuzz::cli
