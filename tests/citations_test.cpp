// SPDX-License-Identifier: Apache-2.0
//
// Does what we cite of lws stand where we say? A dialect is only as good as its reading.
//
// Two spellings: in the code `lws v4.3.5 lib/PATH:LINE` followed by a word in backticks, which must
// be in that line; and in docs/findings `PATH` 4.1.6:FIRST-LAST, 4.3.5:FIRST-LAST, of which the
// lines must exist. Whether they say what we make of them only a reader can tell.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

std::string read(const fs::path& path) {
    std::ifstream file{path};
    return {std::istreambuf_iterator<char>{file}, {}};
}

// No source package has lws 5: its tree is where the build was told, if it was.
bool is_generation_5(const std::string& version) {
    return version.starts_with("5.");
}

fs::path tree_of(const std::string& version) {
    return is_generation_5(version)
               ? fs::path{SHIMFUZZ_LWS_5_SOURCE}
               : fs::path{SHIMFUZZ_UPSTREAM_SOURCES} / ("libwebsockets-" + version);
}

// The lines of a file of lws; empty if there is none.
const std::vector<std::string>& lines_of(const std::string& version, const std::string& path) {
    static std::map<std::string, std::vector<std::string>> known;
    const auto [entry, is_new] = known.try_emplace(version + "/" + path);
    if (is_new) {
        std::istringstream text{read(tree_of(version) / path)};
        for (std::string line; std::getline(text, line);) {
            entry->second.push_back(line);
        }
    }
    return entry->second;
}

template <typename Visit>
std::size_t for_each_match(const std::string& text, const std::regex& pattern, Visit visit) {
    std::size_t count = 0;
    for (std::sregex_iterator match{text.begin(), text.end(), pattern}, end; match != end;
         ++match, ++count) {
        visit(*match);
    }
    return count;
}

}  // namespace

TEST(Citations, dialects_cite_lines_that_say_so) {
    const std::regex citation{R"(lws v(\d\.\d\.\d) (lib/[\w./-]+):(\d+) `([^`]+)`)"};
    std::size_t count = 0;
    for (const fs::directory_entry& entry :
         fs::directory_iterator{fs::path{SHIMFUZZ_SOURCE_DIR} / "model" / "dialects"}) {
        const std::string text = read(entry.path());
        const std::size_t cited = for_each_match(text, citation, [&](const std::smatch& match) {
            const std::string version = match[1];
            const std::string path = match[2];
            const std::vector<std::string>& lines = lines_of(version, path);
            const std::size_t line = std::stoul(match[3]);
            ASSERT_LE(line, lines.size()) << entry.path() << ": " << match.str();
            EXPECT_NE(lines[line - 1].find(match[4].str()), std::string::npos)
                << entry.path() << ": " << match.str() << "\nthe line is: " << lines[line - 1];
        });
        const std::size_t mentioned =
            for_each_match(text, std::regex{R"(lws v\d)"}, [](const std::smatch&) {});
        EXPECT_EQ(cited, mentioned) << entry.path() << ": a citation that is not of the form";
        count += cited;
    }
    EXPECT_GT(count, 20U);
}

TEST(Citations, findings_cite_lines_that_exist) {
    const fs::path docs = fs::path{SHIMFUZZ_SOURCE_DIR} / "docs";
    std::string text = read(docs / "findings.md");
    for (const fs::directory_entry& entry : fs::directory_iterator{docs / "findings"}) {
        text += read(entry.path());
    }
    // A file, and then one or two versions of it with lines.
    const std::regex citation{
        R"re(`([\w./-]+\.[ch])`\s+(4\.\d\.\d:[\d\-]+(?:,\s+(?:\d\.\d\.\d:)?[\d\-]+)*))re"};
    const std::regex place{R"((?:(\d\.\d\.\d):)?(\d+)(?:-(\d+))?)"};
    const std::map<std::string, std::string> short_names{
        {"ssl_pm.c", "tls/mbedtls/wrapper/platform/ssl_pm.c"},
        {"ssl_lib.c", "tls/mbedtls/wrapper/library/ssl_lib.c"},
        {"mbedtls-ssl.c", "tls/mbedtls/mbedtls-ssl.c"},
        {"mbedtls-server.c", "tls/mbedtls/mbedtls-server.c"},
        {"mbedtls-client.c", "tls/mbedtls/mbedtls-client.c"}};
    const std::size_t count = for_each_match(text, citation, [&](const std::smatch& match) {
        const auto long_name = short_names.find(match[1]);
        const std::string path =
            "lib/" + (long_name != short_names.end() ? long_name->second : match[1].str());
        std::string version;
        for_each_match(match[2], place, [&](const std::smatch& at) {
            version = at[1].matched ? at[1].str() : version;
            if (is_generation_5(version) && std::string_view{SHIMFUZZ_LWS_5_SOURCE}.empty()) {
                return;
            }
            const std::size_t last = std::stoul(at[3].matched ? at[3] : at[2]);
            EXPECT_LE(last, lines_of(version, path).size()) << match.str() << " (" << path << ")";
        });
    });
    EXPECT_GT(count, 40U);
}
