// SPDX-License-Identifier: Apache-2.0

#include "harness/function_names.hpp"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

namespace shimfuzz::harness {
namespace {

using Header = ElfW(Ehdr);
using Section = ElfW(Shdr);
using Segment = ElfW(Phdr);
using Symbol = ElfW(Sym);

// Image reads structures out of a file's bytes; what lies outside them reads as nothing.
class Image {
public:
    explicit Image(std::span<const char> bytes) noexcept : bytes_{bytes} {}

    template <typename Struct>
    [[nodiscard]] std::optional<Struct> at(std::uint64_t offset) const {
        if (offset > bytes_.size() || bytes_.size() - offset < sizeof(Struct)) {
            return std::nullopt;
        }
        Struct value{};
        std::memcpy(&value, bytes_.data() + offset, sizeof value);
        return value;
    }

    [[nodiscard]] std::string_view text_at(std::uint64_t offset) const {
        const std::size_t start = std::min<std::size_t>(offset, bytes_.size());
        const char* text = bytes_.data() + start;
        return {text, strnlen(text, bytes_.size() - start)};
    }

private:
    std::span<const char> bytes_;
};

std::optional<Header> header_of(const Image& image) {
    const std::optional<Header> header = image.at<Header>(0);
    const bool is_elf = header.has_value() && std::memcmp(header->e_ident, ELFMAG, SELFMAG) == 0;
    return is_elf ? header : std::nullopt;
}

// The address that offset 0 of the loaded program has in its symbol table.
std::uint64_t load_address(const Image& image, const Header& header) {
    std::uint64_t lowest = std::numeric_limits<std::uint64_t>::max();
    for (unsigned i = 0; i < header.e_phnum; ++i) {
        const std::uint64_t offset = header.e_phoff + std::uint64_t{i} * sizeof(Segment);
        const std::optional<Segment> segment = image.at<Segment>(offset);
        if (segment.has_value() && segment->p_type == PT_LOAD) {
            lowest = std::min<std::uint64_t>(lowest, segment->p_vaddr);
        }
    }
    return lowest;
}

std::optional<Section> section_at(const Image& image, const Header& header, unsigned index) {
    return image.at<Section>(header.e_shoff + std::uint64_t{index} * sizeof(Section));
}

std::optional<Section> symbol_section(const Image& image, const Header& header) {
    for (unsigned i = 0; i < header.e_shnum; ++i) {
        const std::optional<Section> section = section_at(image, header, i);
        if (section.has_value() && section->sh_type == SHT_SYMTAB) {
            return section;
        }
    }
    return std::nullopt;
}

constexpr const char* this_program = "/proc/self/exe";

// Empty if it cannot be read.
std::span<const char> map_this_program() {
    const int fd = open(this_program, O_RDONLY | O_CLOEXEC);
    struct stat file {};
    if (fd < 0 || fstat(fd, &file) != 0) {
        return {};
    }
    const auto size = static_cast<std::size_t>(file.st_size);
    void* bytes = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    return bytes == MAP_FAILED ? std::span<const char>{}
                               : std::span{static_cast<const char*>(bytes), size};
}

}  // namespace

FunctionNames::FunctionNames() {
    std::error_code ignored;  // a program without a path has frames without names
    program_ = std::filesystem::read_symlink(this_program, ignored).string();
    file_ = map_this_program();
    const Image image{file_};
    const std::optional<Header> header = header_of(image);
    if (!header.has_value()) {
        return;
    }
    const std::optional<Section> symbols = symbol_section(image, *header);
    if (!symbols.has_value()) {
        return;
    }
    const std::optional<Section> names = section_at(image, *header, symbols->sh_link);
    const std::uint64_t base = load_address(image, *header);
    for (std::uint64_t at = 0; names.has_value() && at < symbols->sh_size; at += sizeof(Symbol)) {
        const std::optional<Symbol> symbol = image.at<Symbol>(symbols->sh_offset + at);
        const bool is_function =
            symbol.has_value() && symbol->st_size > 0 && ELF64_ST_TYPE(symbol->st_info) == STT_FUNC;
        if (is_function) {
            const std::uint64_t begin = symbol->st_value - base;
            const std::uint64_t name = names->sh_offset + symbol->st_name;
            ranges_.push_back({.begin = begin,
                               .end = begin + symbol->st_size,
                               .name = name,
                               .intercepts = image.text_at(name).starts_with("__interceptor_")});
        }
    }
    // name_at takes the last of those that begin together: an interceptor, as which its function is
    // the sanitizer's and not the subject's.
    std::ranges::sort(ranges_, {}, [](const Range& range) {
        return std::pair{range.begin, range.intercepts};
    });
}

FunctionNames::~FunctionNames() {
    if (!file_.empty()) {
        munmap(const_cast<char*>(file_.data()), file_.size());
    }
}

std::string FunctionNames::name_at(std::uint64_t offset) const {
    auto after = std::ranges::upper_bound(ranges_, offset, {}, &Range::begin);
    if (after == ranges_.begin()) {
        return {};
    }
    const Range& range = *std::prev(after);
    const std::string_view name = Image{file_}.text_at(range.name);
    return std::string{offset < range.end ? name.substr(0, name.find('.')) : ""};
}

}  // namespace shimfuzz::harness
