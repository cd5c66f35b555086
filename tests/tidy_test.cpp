// SPDX-License-Identifier: Apache-2.0
//
// What the tree must look like: layers, licence lines, widths, and every list that is kept in two
// places.
//
// Each rule is a function from text to complaints. It is tried on a text that breaks it, and then
// asked of the whole tree. What the compiler, clang-format and clang-tidy see is not repeated here.

#include "harness/invariants.hpp"
#include "scenario/op_table.hpp"
#include "scenario/text.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

using namespace shimfuzz;
namespace fs = std::filesystem;

namespace {

// ---- the tree ----

// File is one file of the tree; its path is relative to the top folder.
struct File {
    std::string path;
    std::string text;

    [[nodiscard]] bool below(std::string_view folder) const {
        return path.starts_with(std::string{folder} + "/");
    }
    [[nodiscard]] bool ends(std::string_view ending) const { return path.ends_with(ending); }
    [[nodiscard]] std::string top() const { return path.substr(0, path.find('/')); }
    [[nodiscard]] std::string stem() const { return fs::path{path}.stem(); }

    [[nodiscard]] bool is_c_family() const {
        return ends(".c") || ends(".h") || ends(".cpp") || ends(".hpp");
    }
    [[nodiscard]] bool is_cmake() const { return ends("CMakeLists.txt") || ends(".cmake"); }
    [[nodiscard]] bool is_script() const { return text.starts_with("#!"); }
    [[nodiscard]] bool is_ours_to_shape() const {
        return is_c_family() || is_cmake() || is_script() || ends(".scenario");
    }
};

std::string read(const fs::path& path) {
    std::ifstream file{path, std::ios::binary};
    EXPECT_TRUE(file.is_open()) << path;
    return {std::istreambuf_iterator<char>{file}, {}};
}

// Everything but what is built, in the order of the paths.
const std::vector<File>& tree() {
    static const std::vector<File> files = [] {
        const fs::path top{SHIMFUZZ_SOURCE_DIR};
        std::vector<File> found;
        fs::recursive_directory_iterator entry{top};
        for (; entry != fs::recursive_directory_iterator{}; ++entry) {
            const std::string path = fs::relative(entry->path(), top);
            if (path == ".git" || path == "build") {
                entry.disable_recursion_pending();
            } else if (entry->is_regular_file()) {
                found.push_back({.path = path, .text = read(entry->path())});
            }
        }
        std::ranges::sort(found, {}, &File::path);
        return found;
    }();
    return files;
}

const File* find_file(std::string_view path) {
    const auto found = std::ranges::find(tree(), path, &File::path);
    return found == tree().end() ? nullptr : &*found;
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::size_t start = 0;
    while (start < text.size()) {
        const std::size_t end = std::min(text.find('\n', start), text.size());
        lines.push_back(text.substr(start, end - start));
        start = end + 1;
    }
    return lines;
}

using Complaints = std::vector<std::string>;

std::string at(const File& file, std::size_t line_index, const std::string& what) {
    return file.path + ":" + std::to_string(line_index + 1) + ": " + what;
}

bool mentions(const std::string& text, const std::string& word) {
    return std::regex_search(text, std::regex{"(^|[^a-z0-9_])" + word + "([^a-z0-9_]|$)"});
}

// ---- any file ----

constexpr std::size_t file_size_max = std::size_t{64} << 10;
constexpr std::size_t line_width_max = 100;

// A picture of a page, of which no diff is read anyway.
constexpr std::size_t picture_size_max = std::size_t{150} << 10;

Complaints too_large(const File& file) {
    const std::size_t most = file.ends(".png") ? picture_size_max : file_size_max;
    const bool large = file.text.size() > most;
    return large ? Complaints{file.path + ": larger than " + std::to_string(most >> 10) + " KiB"}
                 : Complaints{};
}

// Columns, not bytes: what continues a character in UTF-8 takes none.
std::size_t width_of(const std::string& line) {
    return static_cast<std::size_t>(std::ranges::count_if(
        line, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

Complaints badly_shaped(const File& file) {
    Complaints complaints;
    const std::vector<std::string> lines = lines_of(file.text);
    for (std::size_t i = 0; i < lines.size(); ++i) {
        // A setup line and a signature are as they are printed.
        const bool printed = file.ends(".scenario") && (lines[i].starts_with("setup ") ||
                                                        lines[i].starts_with("# Signature: "));
        if (width_of(lines[i]) > line_width_max && !printed) {
            complaints.push_back(at(file, i, "wider than 100 columns"));
        }
        if (lines[i].find('\t') != std::string::npos) {
            complaints.push_back(at(file, i, "a tab"));
        }
        if (lines[i].ends_with(' ') || lines[i].ends_with('\r')) {
            complaints.push_back(at(file, i, "blank at the end"));
        }
    }
    if (!file.text.empty() && !file.text.ends_with('\n')) {
        complaints.push_back(file.path + ": no newline at the end");
    }
    return complaints;
}

// Words are put together here, so that this file does not hold them itself.
const std::map<std::string, std::string>& banned_words() {
    static const std::map<std::string, std::string> words{
        {std::string{"FIX"} + "ME", "to be done before it is committed"},
        {std::string{"TO"} + "DO", "belongs into the tracker"},
        {std::string{"/wo"} + "rk/", "the path of some machine"},
        {std::string{"/ho"} + "me/", "the path of some machine"},
        {std::string{"/ro"} + "ot/", "the path of some machine"},
        {std::string{"/tmp"} + "/build", "the path of some machine"},
        {std::string{"deb.debian"} + ".org", "the mirror is the machine's own choice"},
        {std::string{"archive.ubuntu"} + ".com", "the mirror is the machine's own choice"},
        {std::string{"snapshot.debian"} + ".org", "the mirror is the machine's own choice"},
        {std::string{"pypi"} + ".org", "nothing comes from there"},
        {std::string{"pythonhosted"} + ".org", "nothing comes from there"},
        {std::string{"crates"} + ".io", "nothing comes from there"},
        {std::string{"registry.npmjs"} + ".org", "nothing comes from there"},
        {std::string{"proxy.golang"} + ".org", "nothing comes from there"},
        {std::string{"rubygems"} + ".org", "nothing comes from there"},
        {std::string{"conan"} + ".io", "nothing comes from there"}};
    return words;
}

Complaints banned(const File& file) {
    Complaints complaints;
    const std::vector<std::string> lines = lines_of(file.text);
    for (std::size_t i = 0; i < lines.size(); ++i) {
        for (const auto& [word, why] : banned_words()) {
            if (lines[i].find(word) != std::string::npos) {
                complaints.push_back(at(file, i, std::string{word}.append(": ").append(why)));
            }
        }
    }
    return complaints;
}

// ---- sources ----

Complaints unlicensed(const File& file) {
    const std::string licence = "SPDX-License-Identifier: Apache-2.0";
    const std::vector<std::string> lines = lines_of(file.text);
    const std::size_t first = file.is_script() ? 1 : 0;
    const bool c = file.is_c_family();
    const bool there = lines.size() > first &&
                       (lines[first] == "# " + licence || (c && lines[first] == "// " + licence) ||
                        (c && lines[first].starts_with("/* " + licence)));
    return there ? Complaints{} : Complaints{at(file, first, "no SPDX line")};
}

struct Include {
    std::size_t line_index;
    std::string name;
    bool quoted;
};

std::vector<Include> includes_of(const File& file) {
    static const std::regex include{R"re(^\s*#\s*include\s*([<"])([^>"]+)[>"].*)re"};
    std::vector<Include> includes;
    const std::vector<std::string> lines = lines_of(file.text);
    for (std::size_t i = 0; i < lines.size(); ++i) {
        std::smatch match;
        if (std::regex_match(lines[i], match, include)) {
            includes.push_back({.line_index = i, .name = match[2], .quoted = match[1] == "\""});
        }
    }
    return includes;
}

// Which folders a folder may include from, itself aside. shim/ is not among them.
const std::map<std::string, std::set<std::string>>& layers() {
    static const std::map<std::string, std::set<std::string>> below{
        {"scenario", {}},
        {"model", {"scenario"}},
        {"harness", {"scenario", "model"}},
        {"fuzz", {"scenario", "model", "harness"}},
        {"props", {"scenario", "model", "harness"}},
        {"cli", {"scenario", "model", "harness"}},
        {"bench", {"scenario", "model", "harness"}}};
    return below;
}

// What the build writes.
bool is_generated(const std::string& name) {
    return name.ends_with(".inc");
}

bool is_of_tls(const std::string& name) {
    return name.starts_with("mbedtls/") || name.starts_with("psa/") ||
           name.starts_with("openssl/") || name.starts_with("libwebsockets") ||
           name.starts_with("lws");
}

std::string objection_to(const File& file, const Include& include) {
    const std::string own = file.top();
    const std::string other = include.name.substr(0, include.name.find('/'));
    const std::set<std::string>& allowed = layers().at(own);
    if (other == "shim") {
        const bool seam =
            own != "scenario" && own != "model" &&
            (include.name == "shim/subject.h" || include.name == "shim/config_subject.h" ||
             include.name == "shim/loop_subject.h" || include.name == "shim/more_subject.h");
        return seam ? "" : "a shim is reached through its interface, from harness/ on";
    }
    if (layers().contains(other) && include.name.find('/') != std::string::npos) {
        return other == own || allowed.contains(other) ? "" : "against the layers";
    }
    if (include.quoted && !is_generated(include.name)) {
        return "ours are included by their full path";
    }
    if (is_of_tls(include.name) && own != "harness") {
        return "TLS is the harness's and the shims' business";
    }
    if (include.name.starts_with("openssl/")) {
        return "the shim's API is reached through shim/subject.h";
    }
    return "";
}

Complaints against_the_layers(const File& file) {
    Complaints complaints;
    if (!file.is_c_family() || !layers().contains(file.top())) {
        return complaints;
    }
    for (const Include& include : includes_of(file)) {
        if (const std::string objection = objection_to(file, include); !objection.empty()) {
            complaints.push_back(at(file, include.line_index, include.name + ": " + objection));
        }
    }
    return complaints;
}

// A shim knows nothing of who tests it.
Complaints shim_that_looks_out(const File& file) {
    Complaints complaints;
    if (!file.is_c_family() || !file.below("shim")) {
        return complaints;
    }
    for (const Include& include : includes_of(file)) {
        const std::string other = include.name.substr(0, include.name.find('/'));
        if (layers().contains(other) || include.name.find("..") != std::string::npos) {
            complaints.push_back(at(file, include.line_index, include.name + ": not a shim's"));
        }
    }
    return complaints;
}

// Every C and C++ file is named by the build, or included.
Complaints unbuilt(const File& file, const std::string& all_cmake) {
    const bool source = file.ends(".c") || file.ends(".cpp");
    return source && !mentions(all_cmake, file.stem()) ? Complaints{file.path + ": in no build"}
                                                       : Complaints{};
}

// ---- fuzz targets ----

constexpr std::size_t target_lines_max = 40;

bool is_target(const File& file) {
    return file.below("fuzz") && file.ends(".cpp") &&
           file.text.find("\nFUZZ_TARGET(") != std::string::npos;
}

// What follows `label` in the opening comment, with its continuation lines.
std::string labelled(const File& file, const std::string& label) {
    std::string found;
    bool inside = false;
    for (const std::string& line : lines_of(file.text)) {
        const bool starts = line.starts_with("// " + label + ":");
        inside = starts || (inside && line.starts_with("//  "));
        if (inside) {
            found += line.substr(starts ? label.size() + 4 : 2);
        }
    }
    return found;
}

Complaints target_out_of_shape(const File& file, const std::string& api) {
    Complaints complaints;
    if (lines_of(file.text).size() > target_lines_max) {
        complaints.push_back(file.path + ": a target is at most 40 lines");
    }
    for (const char* label : {"Drives", "Subject", "Not here"}) {
        if (labelled(file, label).empty()) {
            complaints.push_back(file.path + ": no line '// " + label + ":'");
        }
    }
    const std::string subject = labelled(file, "Subject");
    const std::regex word{"[A-Za-z_][A-Za-z_0-9]*"};
    for (std::sregex_iterator found{subject.begin(), subject.end(), word}, end; found != end;
         ++found) {
        if (!std::regex_search(api, std::regex{"[^A-Za-z_0-9]" + found->str() + "\\("})) {
            complaints.push_back(file.path + ": " + found->str() + " is no function of a subject");
        }
    }
    return complaints;
}

// ---- mutants ----

std::string header_of(const File& patch, const std::string& field) {
    for (const std::string& line : lines_of(patch.text)) {
        if (line.starts_with(field + ": ")) {
            return line.substr(field.size() + 2);
        }
    }
    return "";
}

bool is_invariant(const std::string& name) {
    return std::ranges::any_of(harness::invariant_table(),
                               [&](const auto& row) { return row.name == name; });
}

Complaints mutant_out_of_shape(const File& patch, const std::vector<File>& files) {
    Complaints complaints;
    for (const char* field : {"What", "Seen in", "Caught by", "Target"}) {
        if (header_of(patch, field).empty()) {
            complaints.push_back(patch.path + ": no line '" + field + ": ...'");
        }
    }
    if (!is_invariant(header_of(patch, "Caught by"))) {
        complaints.push_back(patch.path + ": 'Caught by:' is no invariant");
    }
    const std::vector<std::string> lines = lines_of(patch.text);
    const auto starting = [&](const std::string& mark) {
        return std::ranges::count_if(lines,
                                     [&](const auto& line) { return line.starts_with(mark); });
    };
    if (starting("@@ ") != 1 || starting("+++ ") != 1) {
        complaints.push_back(patch.path + ": a mutant changes one hunk of one file");
    }
    const std::string target = "fuzz/" + header_of(patch, "Target") + ".cpp";
    if (std::ranges::find(files, target, &File::path) == files.end()) {
        complaints.push_back(patch.path + ": there is no " + target);
    }
    return complaints;
}

std::vector<File> mutants() {
    std::vector<File> patches;
    std::ranges::copy_if(tree(), std::back_inserter(patches), [](const File& file) {
        return file.ends(".patch") && file.path.find("/mutants/") != std::string::npos;
    });
    return patches;
}

// ---- scenarios and findings ----

Complaints scenario_out_of_shape(const File& file) {
    Complaints complaints;
    if (!file.text.starts_with("# ")) {
        complaints.push_back(file.path + ": does not say first what situation it is");
    }
    const auto parsed = scenario::parse(file.text);
    if (const auto* error = std::get_if<scenario::ParseError>(&parsed)) {
        complaints.push_back(at(file, error->line - 1, error->reason));
    }
    return complaints;
}

Complaints known_finding_out_of_shape(const File& file) {
    static const std::regex finding{R"(\d+ (known|deviates) ([a-z_]+): .+)"};
    Complaints complaints;
    const std::vector<std::string> lines = lines_of(file.text);
    for (std::size_t i = 0; i < lines.size(); ++i) {
        std::smatch match;
        const bool is_comment = lines[i].empty() || lines[i].starts_with('#');
        if (!is_comment &&
            (!std::regex_match(lines[i], match, finding) || !is_invariant(match[2]))) {
            complaints.push_back(at(file, i, "not '<finding> <known|deviates> <signature>'"));
        }
    }
    return complaints;
}

// ---- documents ----

// The names of `names` that no heading of `document` holds.
Complaints without_section(const std::string& document, const std::vector<std::string>& names) {
    Complaints complaints;
    const std::vector<std::string> lines = lines_of(document);
    for (const std::string& name : names) {
        const bool there = std::ranges::any_of(lines, [&](const std::string& line) {
            return line.starts_with("#") && mentions(line, name);
        });
        if (!there) {
            complaints.push_back(name + ": no section");
        }
    }
    return complaints;
}

Complaints unmentioned(const std::string& document, const std::vector<std::string>& names) {
    Complaints complaints;
    for (const std::string& name : names) {
        if (!mentions(document, name)) {
            complaints.push_back(name + ": not mentioned");
        }
    }
    return complaints;
}

std::vector<std::string> invariant_names() {
    std::vector<std::string> names;
    for (const auto& row : harness::invariant_table()) {
        names.emplace_back(row.name);
    }
    return names;
}

std::vector<std::string> op_names() {
    std::vector<std::string> names;
    for (const auto& row : scenario::op_table()) {
        names.emplace_back(row.name);
    }
    return names;
}

// ---- asking ----

void expect_none(const Complaints& complaints) {
    for (const std::string& complaint : complaints) {
        ADD_FAILURE() << complaint;
    }
}

// The text of a document, or a failure that says that it is missing.
std::string document(const std::string& path) {
    const File* file = find_file(path);
    if (file == nullptr) {
        ADD_FAILURE() << "there is no " << path;
    }
    return file == nullptr ? "" : file->text;
}

}  // namespace

// ---- the rules can be broken ----

TEST(Rules, complain_of_a_large_file) {
    EXPECT_EQ(too_large({"a", std::string(file_size_max + 1, ' ')}).size(), 1U);
    EXPECT_EQ(too_large({"a", std::string(file_size_max, ' ')}).size(), 0U);
}

TEST(Rules, complain_of_a_bad_shape) {
    EXPECT_EQ(badly_shaped({"a.cpp", std::string(101, 'x') + "\n"}).size(), 1U);
    EXPECT_EQ(badly_shaped({"a.cpp", std::string(100, 'x') + "\n"}).size(), 0U);
    EXPECT_EQ(badly_shaped({"a.cpp", std::string(99, 'x') + "\xc3\xa9\n"}).size(), 0U);
    EXPECT_EQ(badly_shaped({"a.scenario", "setup " + std::string(99, 'x') + "\n"}).size(), 0U);
    EXPECT_EQ(badly_shaped({"a.scenario", "# " + std::string(99, 'x') + "\n"}).size(), 1U);
    EXPECT_EQ(badly_shaped({"a.cpp", "int\tx;\n"}).size(), 1U);
    EXPECT_EQ(badly_shaped({"a.cpp", "int x; \n"}).size(), 1U);
    EXPECT_EQ(badly_shaped({"a.cpp", "int x;"}).size(), 1U);
}

TEST(Rules, complain_of_banned_words) {
    for (const auto& [word, why] : banned_words()) {
        EXPECT_EQ(banned({"a.md", "so " + word + "thing\n"}).size(), 1U) << word;
    }
    EXPECT_EQ(banned({"a.md", "nothing to complain of\n"}).size(), 0U);
}

TEST(Rules, complain_of_a_missing_licence) {
    const std::string line = "SPDX-License-Identifier: Apache-2.0\n";
    EXPECT_EQ(unlicensed({"a.cpp", "#pragma once\n"}).size(), 1U);
    EXPECT_EQ(unlicensed({"a.cpp", "\n// " + line}).size(), 1U);
    EXPECT_EQ(unlicensed({"a.cpp", ""}).size(), 1U);
    EXPECT_EQ(unlicensed({"a.cpp", "// " + line}).size(), 0U);
    EXPECT_EQ(unlicensed({"a.c", "/* " + line}).size(), 0U);
    EXPECT_EQ(unlicensed({"a.cmake", "# " + line}).size(), 0U);
    EXPECT_EQ(unlicensed({"a.cmake", "// " + line}).size(), 1U);
    EXPECT_EQ(unlicensed({"a", "#!/bin/sh\n# " + line}).size(), 0U);
    EXPECT_EQ(unlicensed({"a", "#!/bin/sh\nset -e\n"}).size(), 1U);
}

TEST(Rules, complain_of_an_include_against_the_layers) {
    const auto complaints = [](const std::string& path, const std::string& include) {
        return against_the_layers({path, "#include " + include + "\n"}).size();
    };
    EXPECT_EQ(complaints("scenario/a.cpp", "\"model/lawful_loop.hpp\""), 1U);
    EXPECT_EQ(complaints("scenario/a.cpp", "<model/lawful_loop.hpp>"), 1U);
    EXPECT_EQ(complaints("model/a.cpp", "\"harness/run.hpp\""), 1U);
    EXPECT_EQ(complaints("model/a.cpp", "<mbedtls/ssl.h>"), 1U);
    EXPECT_EQ(complaints("model/a.cpp", "\"shim/subject.h\""), 1U);
    EXPECT_EQ(complaints("harness/a.cpp", "\"fuzz/require.hpp\""), 1U);
    EXPECT_EQ(complaints("harness/a.cpp", "<openssl/ssl.h>"), 1U);
    EXPECT_EQ(complaints("harness/a.cpp", "\"shim/reference/internal.h\""), 1U);
    EXPECT_EQ(complaints("fuzz/a.cpp", "\"props/generators.hpp\""), 1U);
    EXPECT_EQ(complaints("props/a.cpp", "<libwebsockets.h>"), 1U);
    EXPECT_EQ(complaints("cli/a.cpp", "\"verbs.hpp\""), 1U);

    EXPECT_EQ(complaints("model/a.cpp", "\"model/lawful_loop.hpp\""), 0U);
    EXPECT_EQ(complaints("model/a.cpp", "<vector>"), 0U);
    EXPECT_EQ(complaints("harness/a.cpp", "<mbedtls/ssl.h>"), 0U);
    EXPECT_EQ(complaints("harness/a.cpp", "\"shim/subject.h\""), 0U);
    EXPECT_EQ(complaints("fuzz/a.hpp", "\"known_findings.inc\""), 0U);
    EXPECT_EQ(complaints("tests/a.cpp", "\"fuzz/require.hpp\""), 0U);
}

TEST(Rules, complain_of_a_shim_that_looks_out) {
    EXPECT_EQ(shim_that_looks_out({"shim/reference/io.c", "#include \"harness/run.hpp\"\n"}).size(),
              1U);
    EXPECT_EQ(shim_that_looks_out({"shim/reference/io.c", "#include \"../subject.h\"\n"}).size(),
              1U);
    EXPECT_EQ(shim_that_looks_out({"shim/reference/io.c", "#include \"internal.h\"\n"}).size(), 0U);
}

TEST(Rules, complain_of_a_source_that_nobody_builds) {
    EXPECT_EQ(unbuilt({"model/loop.cpp", ""}, "add_library(x lawful_loop.cpp)").size(), 1U);
    EXPECT_EQ(unbuilt({"model/lawful_loop.cpp", ""}, "add_library(x lawful_loop.cpp)").size(), 0U);
}

TEST(Rules, complain_of_a_target_out_of_shape) {
    const std::string api = "int SSL_read(SSL *ssl);\n";
    const std::string shape = "// Drives:   this\n//           and that\n// Subject:  SSL_read\n"
                              "// Not here: the rest\n";
    const auto complaints = [&](const std::string& text) {
        return target_out_of_shape({"fuzz/a.cpp", text}, api).size();
    };
    EXPECT_EQ(complaints(shape), 0U);
    EXPECT_EQ(complaints(shape + std::string(40, '\n')), 1U);
    EXPECT_EQ(complaints("// Subject: SSL_read\n"), 2U);
    EXPECT_EQ(complaints(shape + "// Subject:  SSL_write\n"), 1U);
}

TEST(Rules, complain_of_a_mutant_out_of_shape) {
    const std::string header = "What: a\nSeen in: b\nCaught by: want_is_reported\nTarget: c\n";
    const std::string hunk = "--- a/x\n+++ b/x\n@@ -1 +1 @@\n";
    const std::vector<File> files{{"fuzz/c.cpp", ""}};
    const auto complaints = [&](const std::string& text) {
        return mutant_out_of_shape({"shim/mutants/a.patch", text}, files).size();
    };
    EXPECT_EQ(complaints(header + hunk), 0U);
    EXPECT_EQ(complaints(header + hunk + "@@ -9 +9 @@\n"), 1U);
    EXPECT_EQ(complaints(header + hunk + hunk), 1U);
    EXPECT_EQ(complaints(header), 1U);
    EXPECT_EQ(complaints("Seen in: b\nCaught by: want_is_reported\nTarget: c\n" + hunk), 1U);
    EXPECT_EQ(complaints("What: a\nSeen in: b\nCaught by: no_law\nTarget: c\n" + hunk), 1U);
    EXPECT_EQ(complaints("What: a\nSeen in: b\nCaught by: no_byte_lost\nTarget: d\n" + hunk), 1U);
}

TEST(Rules, complain_of_a_scenario_out_of_shape) {
    EXPECT_EQ(scenario_out_of_shape({"a", "# What.\nsetup\n"}).size(), 0U);
    EXPECT_EQ(scenario_out_of_shape({"a", "setup\n"}).size(), 1U);
    EXPECT_EQ(scenario_out_of_shape({"a", "# What.\nsetup\nnothing\n"}),
              Complaints{"a:3: 'nothing' is not an op; 'shimfuzz list ops' names them"});
}

TEST(Rules, complain_of_a_known_finding_out_of_shape) {
    const auto complaints = [](const std::string& line) {
        return known_finding_out_of_shape({"a.known", "# About.\n\n" + line + "\n"}).size();
    };
    EXPECT_EQ(complaints("1 known no_byte_lost: write OK -> bytes_lost"), 0U);
    EXPECT_EQ(complaints("1 deviates no_byte_lost: write OK -> bytes_lost"), 0U);
    EXPECT_EQ(complaints("1 maybe no_byte_lost: write OK -> bytes_lost"), 1U);
    EXPECT_EQ(complaints("known no_byte_lost: write OK -> bytes_lost"), 1U);
    EXPECT_EQ(complaints("1 known no_law: write OK -> bytes_lost"), 1U);
}

TEST(Rules, complain_of_a_document_that_forgets) {
    EXPECT_EQ(without_section("## one_law\ntwo_laws\n", {"one_law", "two_laws"}),
              Complaints{"two_laws: no section"});
    EXPECT_EQ(without_section("## `one_law`\n### two_laws: more\n", {"one_law", "two_laws"}),
              Complaints{});
    EXPECT_EQ(unmentioned("an `op` and op_more", {"op", "op_other"}),
              Complaints{"op_other: not mentioned"});
    EXPECT_EQ(unmentioned("op_more", {"op"}), Complaints{"op: not mentioned"});
}

// ---- the tree keeps them ----

TEST(Tree, has_files_at_all) {
    EXPECT_NE(find_file("tests/tidy_test.cpp"), nullptr);
    EXPECT_NE(find_file("scenario/scenario.hpp"), nullptr);
    EXPECT_NE(find_file("shim/reference/io.c"), nullptr);
}

TEST(Tree, holds_small_files_in_good_shape) {
    for (const File& file : tree()) {
        expect_none(too_large(file));
        if (file.is_ours_to_shape()) {
            expect_none(badly_shaped(file));
        }
    }
}

TEST(Tree, is_fit_to_be_read_by_others) {
    for (const File& file : tree()) {
        expect_none(banned(file));
    }
}

TEST(Tree, says_its_licence_in_every_source) {
    for (const File& file : tree()) {
        if (file.is_c_family() || file.is_cmake() || file.is_script()) {
            expect_none(unlicensed(file));
        }
    }
}

TEST(Tree, has_layers) {
    for (const File& file : tree()) {
        expect_none(against_the_layers(file));
        expect_none(shim_that_looks_out(file));
    }
}

TEST(Tree, builds_every_source) {
    std::string all_cmake;
    for (const File& file : tree()) {
        all_cmake += file.is_cmake() ? file.text : "";
    }
    for (const File& file : tree()) {
        expect_none(unbuilt(file, all_cmake));
    }
}

TEST(Tree, has_short_targets_that_say_what_they_ask) {
    // What a caller of a shim calls, and what an application of a whole lws does.
    const std::string api =
        document("shim/include/openssl/ssl.h") + document("shim/lws/loop_subject.c");
    std::size_t target_count = 0;
    for (const File& file : tree()) {
        if (is_target(file)) {
            ++target_count;
            expect_none(target_out_of_shape(file, api));
        }
    }
    EXPECT_GT(target_count, 0U);
}

TEST(Tree, has_mutants_of_one_hunk_and_a_witness_for_each) {
    EXPECT_GE(mutants().size(), 16U);
    for (const File& patch : mutants()) {
        expect_none(mutant_out_of_shape(patch, tree()));
        const std::string witness = "corpus/witnesses/mutant_" + patch.stem() + ".scenario";
        EXPECT_NE(find_file(witness), nullptr) << "there is no " << witness;
    }
}

TEST(Tree, has_a_mutant_for_every_invariant) {
    std::set<std::string> caught;
    for (const File& patch : mutants()) {
        caught.insert(header_of(patch, "Caught by"));
    }
    for (const std::string& name : invariant_names()) {
        EXPECT_TRUE(caught.contains(name)) << name << ": no mutant";
    }
}

TEST(Tree, has_scenarios_that_explain_themselves) {
    std::size_t scenario_count = 0;
    for (const File& file : tree()) {
        if (file.ends(".scenario")) {
            ++scenario_count;
            expect_none(scenario_out_of_shape(file));
        }
    }
    EXPECT_GT(scenario_count, 0U);
}

TEST(Tree, has_known_findings_in_their_form) {
    for (const File& file : tree()) {
        if (file.ends(".known")) {
            expect_none(known_finding_out_of_shape(file));
        }
    }
}

TEST(Tree, describes_every_op) {
    expect_none(unmentioned(document("docs/scenario-format.md"), op_names()));
}

TEST(Tree, describes_every_invariant) {
    expect_none(without_section(document("docs/invariants.md"), invariant_names()));
}
