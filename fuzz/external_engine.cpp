// SPDX-License-Identifier: Apache-2.0
//
// An engine as a fuzzing service may bring one: an archive that owns main(), knows nothing of
// libFuzzer (there is no LLVMFuzzerMutate), and forgives nothing. It stands for honggfuzz and
// Centipede where a build is rehearsed (oss-fuzz/rehearse), and searches for nothing.
//
//   PROGRAM FILE...   hands the target nothing at all, each FILE, and each again, in reverse
//
// A target that returns anything but 0 ends the process. So does one that does not take the
// arguments that it is given before, which no target has heard of.

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" __attribute__((weak)) int LLVMFuzzerInitialize(int* argc, char*** argv);

namespace {

using Bytes = std::vector<std::uint8_t>;

void give_up(const char* what, const char* about) {
    std::fprintf(stderr, "external engine: %s: %s\n", about, what);
    std::abort();
}

void initialize(char* program) {
    if (LLVMFuzzerInitialize == nullptr) {
        return;
    }
    std::array<char[24], 6> words{"--",      "-", "", "-max_len=nonsense", "--flag-of-nobody",
                                  "\x01\xff"};
    std::vector<char*> odd{program};
    for (char* word : words) {
        odd.push_back(word);
    }
    int count = static_cast<int>(odd.size());
    odd.push_back(nullptr);
    char** arguments = odd.data();
    if (LLVMFuzzerInitialize(&count, &arguments) != 0) {
        give_up("LLVMFuzzerInitialize does not return 0", program);
    }
}

Bytes read(const char* path) {
    std::FILE* file = std::fopen(path, "rb");
    if (file == nullptr) {
        give_up("cannot be read", path);
    }
    Bytes bytes;
    std::array<std::uint8_t, 4096> piece{};
    for (std::size_t size = piece.size(); size == piece.size();) {
        size = std::fread(piece.data(), 1, piece.size(), file);
        bytes.insert(bytes.end(), piece.begin(), piece.begin() + static_cast<long>(size));
    }
    std::fclose(file);
    return bytes;
}

void play(const Bytes& input, const char* name) {
    // Of exactly the input's size, so that a byte read too far is seen; nothing is at no address.
    const Bytes copy{input.begin(), input.end()};
    if (LLVMFuzzerTestOneInput(copy.empty() ? nullptr : copy.data(), copy.size()) != 0) {
        give_up("the target does not return 0", name);
    }
}

}  // namespace

int main(int argc, char** argv) {
    initialize(argv[0]);
    play({}, "no input at all");
    for (int i = 1; i < argc; ++i) {
        play(read(argv[i]), argv[i]);
    }
    for (int i = argc - 1; i > 0; --i) {
        play(read(argv[i]), argv[i]);
    }
    std::fprintf(stderr, "external engine: %d inputs\n", 2 * (argc - 1) + 1);
    return 0;
}
