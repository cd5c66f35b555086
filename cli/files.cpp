// SPDX-License-Identifier: Apache-2.0

#include "cli/files.hpp"

#include "cli/usage_error.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>

namespace shimfuzz::cli {

namespace fs = std::filesystem;

namespace {

// Whether `content` has reached `path`; if not, errno says why.
bool put(const fs::path& path, std::string_view content) {
    std::ofstream file{path, std::ios::binary};
    file.write(content.data(), static_cast<std::streamsize>(content.size()));
    file.close();
    return file.good();
}

// A device, a pipe, or what the system calls by such a name, as /dev/stdout: a file in its place
// would be the end of it.
bool is_special(const fs::path& path) {
    std::error_code ignored;
    const fs::file_type type = fs::status(path, ignored).type();
    const std::string named = fs::absolute(path, ignored).lexically_normal().string();
    return type == fs::file_type::character || type == fs::file_type::block ||
           type == fs::file_type::fifo || named.starts_with("/dev/") || named.starts_with("/proc/");
}

// Where a link leads: a file in the place of the link would be the end of that.
fs::path behind_links(const fs::path& path) {
    std::error_code error;
    const fs::path target = fs::is_symlink(path, error) ? fs::weakly_canonical(path, error) : path;
    return error ? path : target;
}

void write_special(const fs::path& path, std::string_view content) {
    if (!put(path, content)) {
        throw UsageError{"{}: cannot be written: {}", path.string(), std::strerror(errno)};
    }
}

}  // namespace

std::string read_file(const fs::path& path) {
    std::error_code error;
    if (fs::is_directory(path, error)) {
        throw UsageError{"{}: is a folder", path.string()};
    }
    std::ifstream file{path, std::ios::binary};
    if (!file) {
        throw UsageError{"{}: {}", path.string(), std::strerror(errno)};
    }
    std::string content;
    std::array<char, 65536> chunk{};
    while (file && content.size() <= file_size_max) {
        file.read(chunk.data(), chunk.size());
        content.append(chunk.data(), static_cast<std::size_t>(file.gcount()));
    }
    if (file.bad()) {
        throw UsageError{"{}: cannot be read", path.string()};
    }
    if (content.size() > file_size_max) {
        throw UsageError{"{}: larger than {} MiB, no scenario is", path.string(),
                         file_size_max >> 20};
    }
    return content;
}

std::optional<std::string> read_if_there(const fs::path& path) {
    try {
        return read_file(path);
    } catch (const UsageError&) {
        if (fs::exists(path)) {
            throw;
        }
    }
    return std::nullopt;
}

void write_file(const fs::path& named, std::string_view content) {
    const fs::path path = is_special(named) ? named : behind_links(named);
    if (is_special(path)) {
        return write_special(path, content);
    }
    std::error_code error;
    fs::path temporary = path;
    temporary += fmt::format(".{}.tmp", getpid());
    const bool written = put(temporary, content);
    if (written) {
        fs::rename(temporary, path, error);
    }
    if (!written || error) {
        const std::string reason = written ? error.message() : std::strerror(errno);
        fs::remove(temporary, error);
        throw UsageError{"{}: cannot be written: {}", path.string(), reason};
    }
}

void write_or_print(const fs::path& path, std::string_view content) {
    if (path.empty()) {
        fmt::print("{}", content);
        return;
    }
    try {
        write_file(path, content);
    } catch (const UsageError& error) {
        fmt::print("{}", content);
        std::fflush(stdout);
        throw UsageError{"{}; the result is on stdout", error.what()};
    }
}

void require_writable(const fs::path& path) {
    if (path.empty()) {
        return;
    }
    std::error_code error;
    const bool exists = fs::exists(path, error);
    const bool is_file = !exists || fs::is_regular_file(path, error);
    const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path{"."};
    const fs::path& written_to = is_file ? folder : path;
    if (exists && fs::is_directory(path, error)) {
        errno = EISDIR;
    } else if (access(written_to.c_str(), W_OK) == 0) {
        return;
    }
    throw UsageError{"{}: cannot be written: {}", path.string(), std::strerror(errno)};
}

void make_folder(const fs::path& path) {
    std::error_code error;
    fs::create_directories(path, error);
    if (error) {
        throw UsageError{"{}: {}", path.string(), error.message()};
    }
}

std::vector<fs::path> files_below(const fs::path& path, std::string_view extension) {
    std::vector<fs::path> files;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator{path}) {
        const bool is_meant = extension.empty() || entry.path().extension() == extension;
        if (entry.is_regular_file() && is_meant) {
            files.push_back(entry.path());
        }
    }
    std::ranges::sort(files);
    return files;
}

std::vector<fs::path> entries_in(const fs::path& path, std::string_view start) {
    std::vector<fs::path> entries;
    std::error_code gone;
    for (fs::directory_iterator entry{path, gone}; !gone && entry != fs::directory_iterator{};
         entry.increment(gone)) {
        if (entry->path().filename().string().starts_with(start)) {
            entries.push_back(entry->path());
        }
    }
    std::ranges::sort(entries);
    return entries;
}

std::string shown(const fs::path& path) {
    std::error_code error;
    const fs::path relative = fs::proximate(path, error);
    const bool outside = error || *relative.begin() == "..";
    return outside ? path.string() : relative.string();
}

ScratchFolder::ScratchFolder(const fs::path& parent) {
    make_folder(parent);
    std::string name = (parent / "work-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) {
        throw UsageError{"{}: {}", name, std::strerror(errno)};
    }
    path_ = name;
}

ScratchFolder::~ScratchFolder() {
    std::error_code ignored;  // a folder left behind does no harm
    fs::remove_all(path_, ignored);
}

}  // namespace shimfuzz::cli
