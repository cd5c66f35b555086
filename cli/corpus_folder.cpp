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
    file_ = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file_ < 0) {
        throw UsageError{"{}: cannot be entered: {}", folder.string(), std::strerror(errno)};
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
