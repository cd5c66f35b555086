// SPDX-License-Identifier: Apache-2.0

#include "cli/corpus_folder.hpp"

#include "cli/usage_error.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace shimfuzz::cli {

CorpusLock::CorpusLock(const std::filesystem::path& folder) {
    const std::filesystem::path path = folder / ".lock";
    file_ = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (file_ < 0) {
        throw UsageError{"{}: cannot be written: {}", path.string(), std::strerror(errno)};
    }
    if (flock(file_, LOCK_EX | LOCK_NB) != 0) {
        const int error = errno;
        close(file_);
        throw UsageError{"{}: {}", folder.string(),
                         error == EWOULDBLOCK ? "another campaign uses it" : std::strerror(error)};
    }
}

CorpusLock::~CorpusLock() {
    close(file_);
}

}  // namespace shimfuzz::cli
