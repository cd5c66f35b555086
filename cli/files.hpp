// SPDX-License-Identifier: Apache-2.0
//
// Files, read whole and written whole.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace shimfuzz::cli {

// No scenario, in either form, is anywhere near this; what is larger was named by mistake.
inline constexpr std::uintmax_t file_size_max = std::uintmax_t{16} << 20;

// read_file returns what is in `path`, or throws UsageError.
[[nodiscard]] std::string read_file(const std::filesystem::path& path);

// read_if_there returns the same, or nothing if there is no such file (any more).
[[nodiscard]] std::optional<std::string> read_if_there(const std::filesystem::path& path);

// write_file makes `path` hold `content`, or throws UsageError and leaves what was there. It is
// written under a temporary name and renamed, so nobody ever sees half of it; what is no file, as a
// device, is written to. A link stays one, and what it leads to is written.
void write_file(const std::filesystem::path& path, std::string_view content);

// write_or_print writes `content` to `path`, or to stdout where that is empty. Where it cannot be
// written it is printed, so that nobody loses it, before UsageError is thrown.
void write_or_print(const std::filesystem::path& path, std::string_view content);

// require_writable throws UsageError if write_file would have no place for `path`; empty is stdout
// and fine. For who would find out only after long work.
void require_writable(const std::filesystem::path& path);

// make_folder makes `path` and what is above it, or throws UsageError.
void make_folder(const std::filesystem::path& path);

// files_below returns the files in the folder `path` and its folders whose names end in
// `extension`, or all if that is empty, in the order of their names.
[[nodiscard]] std::vector<std::filesystem::path> files_below(const std::filesystem::path& path,
                                                             std::string_view extension);

// entries_in returns what is directly in the folder `path` and has a name that begins with `start`,
// in the order of the names. Others may be changing it: what is gone meanwhile is not there.
[[nodiscard]] std::vector<std::filesystem::path> entries_in(const std::filesystem::path& path,
                                                            std::string_view start = "");

// shown returns `path` as a person in the current folder would type it.
[[nodiscard]] std::string shown(const std::filesystem::path& path);

// ScratchFolder is an empty folder that is gone when it goes out of scope.
class ScratchFolder {
public:
    // Makes the folder inside `parent`, which is made if missing.
    explicit ScratchFolder(const std::filesystem::path& parent);
    ~ScratchFolder();
    ScratchFolder(const ScratchFolder&) = delete;
    ScratchFolder& operator=(const ScratchFolder&) = delete;

    [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

private:
    std::filesystem::path path_;
};

}  // namespace shimfuzz::cli
