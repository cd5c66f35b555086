// SPDX-License-Identifier: Apache-2.0
//
// The page of a run: well-formed whatever names are in it, with the same words as the text, and in
// a real browser without a complaint.
//
// Where no browser is installed those tests are skipped and say so; nothing is downloaded.

#include "cli/markup.hpp"
#include "programs.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

namespace shimfuzz {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using tests::Ended;
using tests::read;
using tests::write;

const fs::path source_dir{SHIMFUZZ_SOURCE_DIR};
const fs::path build_dir{SHIMFUZZ_BUILD_DIR};

// ---- well-formedness ----

// What is wrong with `page` as XML behind its doctype; "" if nothing is. Knows as much of XML as a
// page has: elements, quoted attributes, references; and scripts and styles, which hold anything
// but an end of themselves.
class WellFormed {
public:
    explicit WellFormed(const std::string& page) : text_{page} {}

    std::string complaint() {
        at_ = text_.starts_with("<!DOCTYPE html>\n") ? 16 : 0;
        while (at_ < text_.size() && complaint_.empty()) {
            text_[at_] == '<' ? tag() : character();
        }
        if (complaint_.empty() && !open_.empty()) {
            complain("never closed: " + open_.back());
        }
        return complaint_;
    }

private:
    void complain(const std::string& what) {
        complaint_ = what + " near: " + text_.substr(at_ > 60 ? at_ - 60 : 0, 120);
    }

    void character() {
        if (text_[at_] == '&') {
            const std::size_t end = text_.find(';', at_);
            if (end == std::string::npos || end - at_ > 8) {
                complain("a lonely &");
                return;
            }
        }
        const auto code = static_cast<unsigned char>(text_[at_]);
        if (text_[at_] == '>' || (code < 0x20 && code != '\n' && code != '\t')) {
            complain("a character that does not stand there");
        }
        ++at_;
    }

    void tag() {
        const bool ends = text_.compare(at_, 2, "</") == 0;
        std::size_t i = at_ + (ends ? 2 : 1);
        std::string name;
        while (i < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[i])) != 0)) {
            name += text_[i++];
        }
        char quote = 0;
        const std::size_t attributes = i;
        for (; i < text_.size() && (quote != 0 || text_[i] != '>'); ++i) {
            quote = text_[i] == '"' ? (quote == 0 ? '"' : char{0}) : quote;
            if (text_[i] == '<') {
                return complain("< within a tag");
            }
        }
        const bool empty = text_[i - 1] == '/';
        at_ = i + 1;
        if (name.empty() || i >= text_.size()) {
            return complain("no tag");
        }
        if (ends && (open_.empty() || open_.back() != name)) {
            return complain("</" + name + "> closes nothing");
        }
        if (ends) {
            open_.pop_back();
        } else if (!empty) {
            open_.push_back(name);
            skip_raw(name);
        }
        check_attributes(text_.substr(attributes, i - attributes));
    }

    void skip_raw(const std::string& name) {
        if (name == "script" || name == "style") {
            const std::size_t end = text_.find("</" + name + ">", at_);
            end == std::string::npos ? complain("no end of " + name) : void(at_ = end);
        }
    }

    void check_attributes(std::string attributes) {
        // name="value", each with a blank before it.
        while (complaint_.empty() && !attributes.empty() && attributes != "/") {
            const std::size_t equals = attributes.find("=\"");
            const std::size_t end =
                equals == std::string::npos ? equals : attributes.find('"', equals + 2);
            if (attributes[0] != ' ' || end == std::string::npos) {
                return complain("an attribute without quotes: " + attributes);
            }
            attributes.erase(0, end + 1);
        }
    }

    const std::string& text_;
    std::size_t at_ = 0;
    std::vector<std::string> open_;
    std::string complaint_;
};

std::string complaint_about(const std::string& page) {
    return WellFormed{page}.complaint();
}

TEST(WellFormed, tells_pages_from_others) {
    EXPECT_EQ(complaint_about("<p class=\"a\">b &lt; c<br/></p>"), "");
    EXPECT_EQ(complaint_about("<script>a < b</script>"), "");
    for (const char* broken : {"<p>", "</p>", "<p><b></p></b>", "<p>a & b</p>", "<p class=a>b</p>",
                               "<p>a > b</p>", "<p title=\"a\"b\">c</p>", "<p>\x01</p>"}) {
        EXPECT_NE(complaint_about(broken), "") << broken;
    }
}

TEST(Escaped, is_what_it_was_and_no_markup) {
    EXPECT_EQ(cli::escaped("a<b>&\"c'"), "a&lt;b&gt;&amp;&quot;c&#39;");
    EXPECT_EQ(cli::escaped("\x01\xff"), "\xef\xbf\xbd\xef\xbf\xbd");
    EXPECT_EQ(json::parse(cli::escaped_json(json("</script>&").dump())), "</script>&");
    EXPECT_EQ(cli::escaped_json("</script>").find('<'), std::string::npos);
}

// ---- pages ----

struct Shown {
    const char* scenario;  // below corpus/
    const char* subject;
};

// A shim without a loop, under the lawful loop, on the real seam, a whole lws, one that dies, and
// one that upholds everything.
constexpr Shown shown[] = {
    {"witnesses/mutant_stale_want_after_read.scenario", "mutant_stale_want_after_read"},
    {"regressions/finding_01_read_after_a_blocked_write.scenario", "wrapper_4_1_6"},
    {"witnesses/mutant_pending_list_dropped.scenario", "mutant_pending_list_dropped"},
    {"regressions/finding_28_record_that_went_out_while_reading.scenario", "wrapper_4_1_6"},
    {"regressions/finding_40_untrusted_client.scenario", "wrapper_4_1_6"},
    {"regressions/finding_14_writeable_asked_in_the_handshake.scenario", "lws_4_3_5"},
    {"regressions/finding_17_reset_at_the_request.scenario", "lws_4_3_5"},
    {"regressions/finding_18_client_beside_one_without_memory.scenario", "lws_4_3_5"},
    {"witnesses/mutant_read_terminates_its_buffer.scenario", "mutant_read_terminates_its_buffer"},
    {"poll_loop/read_wants_to_write.scenario", "reference"},
};

bool is_built(const std::string& subject) {
    return fs::exists(build_dir / "runners" / ("shimfuzz-run-" + subject));
}

std::size_t count_of(const std::string& text, const std::string& part) {
    std::size_t count = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
        ++count;
    }
    return count;
}

class Page : public tests::InEmptyFolder {
protected:
    [[nodiscard]] Ended shimfuzz(const std::string& arguments) const {
        return tests::run(folder_, build_dir / "cli" / "shimfuzz", arguments);
    }

    // The page of `scenario` on `subject`, written to page.html.
    [[nodiscard]] std::string page_of(const fs::path& scenario, const std::string& subject) const {
        const Ended ended = shimfuzz("explain '" + scenario.string() + "' --subject " + subject +
                                     " --html page.html");
        EXPECT_NE(ended.exit_code, 2) << ended.err;
        EXPECT_EQ(ended.out, "");
        return read(folder_ / "page.html");
    }
};

TEST_F(Page, is_well_formed_and_says_what_the_text_says) {
    std::size_t pages = 0;
    for (const auto& [scenario, subject] : shown) {
        if (!is_built(subject)) {
            continue;
        }
        ++pages;
        const std::string page = page_of(source_dir / "corpus" / scenario, subject);
        EXPECT_EQ(complaint_about(page), "") << scenario;
        const std::string arguments =
            "explain '" + (source_dir / "corpus" / scenario).string() + "' --subject " + subject;
        EXPECT_NE(page.find(cli::escaped(shimfuzz(arguments).out)), std::string::npos) << scenario;
        const json run = json::parse(shimfuzz(arguments + " --json").out);
        EXPECT_EQ(count_of(page, "data-row=\""), run.at("rows").size()) << scenario;
        const bool violated = run.at("verdict").at("status") == "violated";
        EXPECT_EQ(count_of(page, "id=\"violation\""), violated ? 1U : 0U) << scenario;
        EXPECT_EQ(page, page_of(source_dir / "corpus" / scenario, subject)) << scenario;
    }
    EXPECT_GE(pages, 3U);
}

// Of finding 1 the report is wrong, and the POLLIN that the read waits for is not polled for.
TEST_F(Page, marks_what_is_wrong) {
    if (!is_built("wrapper_4_1_6")) {
        GTEST_SKIP() << "wrapper_4_1_6 is not part of this build";
    }
    const std::string page = page_of(source_dir / "corpus" / "regressions" /
                                         "finding_01_read_after_a_blocked_write.scenario",
                                     "wrapper_4_1_6");
    const std::size_t here = page.find("class=\"row here\"");
    ASSERT_NE(here, std::string::npos);
    EXPECT_EQ(count_of(page, "class=\"told wrong\">WANT_WRITE<"), 1U);
    EXPECT_GT(page.find("class=\"told wrong\""), here);
    EXPECT_EQ(count_of(page, "class=\"missing\"/>"), 1U);
    EXPECT_GT(page.find("class=\"missing\"/>"), here);
    EXPECT_EQ(count_of(page, "class=\"unjustified\"/>"), 0U);
}

bool is_within(const json& some, const json& all) {
    return std::ranges::all_of(
        some, [&](const json& event) { return std::ranges::find(all, event) != all.end(); });
}

// Under the reference the loop polls for all that is waited for, and for nothing without a reason;
// so what a page of another shim shows is that shim's. After a write that wants to read the law
// itself grants a pass of grace, so those scenarios are left out here.
TEST_F(Page, has_even_bands_where_all_is_upheld) {
    std::size_t rows = 0;
    std::size_t even = 0;
    for (const auto& entry : fs::directory_iterator{source_dir / "corpus" / "poll_loop"}) {
        const Ended ended =
            shimfuzz("explain '" + entry.path().string() + "' --json --subject reference");
        const bool has_grace =
            read(entry.path()).find("answer_write code=want_read") != std::string::npos;
        even += has_grace ? 0 : 1;
        const json run = json::parse(ended.out);
        for (const json& row : run.at("rows")) {
            ++rows;
            EXPECT_TRUE(is_within(row.at("required"), row.at("interest"))) << entry << row;
            EXPECT_TRUE(has_grace || row.at("phase") == "closed" ||
                        is_within(row.at("interest"), row.at("justified")))
                << entry << row;
        }
    }
    EXPECT_GT(rows, 50U);
    EXPECT_GT(even, 30U);
}

TEST_F(Page, needs_nothing_from_anywhere) {
    const std::string page = page_of(source_dir / "corpus" / shown[0].scenario, shown[0].subject);
    EXPECT_NE(page.find("default-src 'none'"), std::string::npos);
    for (const char* reference : {"src=\"", "url(", "@import", "https:"}) {
        EXPECT_EQ(page.find(reference), std::string::npos) << reference;
    }
}

TEST_F(Page, holds_any_name) {
    const std::string name = "a<b>&\"</script>.scenario";
    fs::create_directory(folder_ / "a<b>&\"<");
    const fs::path path = folder_ / "a<b>&\"<" / "script>.scenario";
    fs::copy(source_dir / "corpus" / shown[0].scenario, path);
    const std::string page = page_of(path, shown[0].subject);
    EXPECT_EQ(complaint_about(page), "");
    EXPECT_EQ(page.find("a<b>"), std::string::npos);
    EXPECT_NE(page.find("a&lt;b&gt;&amp;&quot;&lt;/script&gt;.scenario"), std::string::npos);
}

TEST_F(Page, of_many_rows_has_them_all) {
    std::string text{"setup format=1 seam=scripted loop=lawful profile=plausible side=server "
                     "start=established read_size=4096\n"};
    for (int i = 0; i < 100; ++i) {
        text += "rx_record bytes=20000\nservice_pass revents=in,out\n";
    }
    write(folder_ / "long.scenario", text);
    const std::string page = page_of("long.scenario", "reference");
    EXPECT_EQ(complaint_about(page), "");
    EXPECT_GE(count_of(page, "data-row=\""), 200U);
    EXPECT_LT(page.size(), std::size_t{1} << 20);
}

TEST_F(Page, that_cannot_be_written_leaves_what_was_there) {
    fs::create_directory(folder_ / "page.html");
    const std::string arguments = "explain '" +
                                  (source_dir / "corpus" / shown[0].scenario).string() +
                                  "' --subject " + shown[0].subject + " --html ";
    for (const char* target : {"page.html", "nowhere/page.html"}) {
        const Ended ended = shimfuzz(arguments + target);
        EXPECT_EQ(ended.exit_code, 2);
        EXPECT_EQ(ended.out, "");
        EXPECT_EQ(count_of(ended.err, "\n"), 1U) << ended.err;
    }
    EXPECT_TRUE(fs::is_directory(folder_ / "page.html"));
    EXPECT_EQ(std::distance(fs::directory_iterator{folder_}, {}), 3) << "a file was left behind";
}

// By a link, so that a tool that replaced what it writes to would only lose the link.
TEST_F(Page, for_a_full_device_is_refused_and_the_device_is_left) {
    fs::create_symlink("/dev/full", folder_ / "full");
    const Ended ended =
        shimfuzz("explain '" + (source_dir / "corpus" / shown[0].scenario).string() +
                 "' --subject " + shown[0].subject + " --html full");
    EXPECT_EQ(ended.exit_code, 2);
    EXPECT_NE(ended.err.find("No space left"), std::string::npos) << ended.err;
    EXPECT_TRUE(fs::is_symlink(folder_ / "full"));
}

// ---- in a browser ----

std::optional<fs::path> browser() {
    const char* path = std::getenv("PATH");
    std::istringstream folders{path != nullptr ? path : ""};
    for (std::string folder; std::getline(folders, folder, ':');) {
        for (const char* name : {"chromium", "chromium-browser", "google-chrome"}) {
            if (access((fs::path{folder} / name).c_str(), X_OK) == 0) {
                return fs::path{folder} / name;
            }
        }
    }
    return std::nullopt;
}

class Browser : public Page {
protected:
    void SetUp() override {
        Page::SetUp();
        if (!browser().has_value()) {
            GTEST_SKIP() << "NOT CHECKED in a browser: there is no chromium here; install the "
                            "package chromium, or run ./dev test, which does";
        }
    }

    // What becomes of page.html once its scripts have run, in `out`; what they complain of in
    // `err`.
    [[nodiscard]] Ended opened(int width = 1280) const {
        const std::string options =
            "60 " + browser()->string() +
            " --headless --no-sandbox --disable-gpu --no-first-run --disable-dev-shm-usage "
            "--disable-background-networking --disable-component-update --disable-sync "
            "--disable-extensions --user-data-dir=profile --enable-logging=stderr --v=0 "
            "--window-size=" +
            std::to_string(width) + ",1000 --dump-dom page.html";
        const Ended ended = tests::run(folder_, "timeout", options);
        EXPECT_EQ(ended.exit_code, 0) << ended.err;
        return ended;
    }

    // page.html with a script at its end.
    void add_script(const std::string& script) const {
        std::string page = read(folder_ / "page.html");
        const std::string text = "<script>" + script + "</script>";
        page.insert(page.rfind("</body>"), text);
        write(folder_ / "page.html", page);
    }

    static bool complains(const Ended& ended) {
        return ended.err.find("CONSOLE") != std::string::npos;
    }
};

TEST_F(Browser, shows_the_violation_and_complains_of_nothing) {
    for (const auto& [scenario, subject] : shown) {
        if (!is_built(subject)) {
            continue;
        }
        const std::string page = page_of(source_dir / "corpus" / scenario, subject);
        const Ended ended = opened();
        EXPECT_FALSE(complains(ended)) << scenario << '\n' << ended.err;
        EXPECT_EQ(count_of(ended.out, "id=\"violation\""), count_of(page, "id=\"violation\""));
        // The script has run: the row is chosen and its details stand beside it.
        const bool has_rows = page.find("data-row=") != std::string::npos;
        EXPECT_EQ(count_of(ended.out, "chosen\" data-row="), has_rows ? 1U : 0U) << scenario;
        EXPECT_EQ(ended.out.find("aria-live=\"polite\"></div>"), std::string::npos) << scenario;
    }
}

TEST_F(Browser, goes_from_row_to_row_by_keys) {
    ASSERT_FALSE(page_of(source_dir / "corpus" / shown[0].scenario, shown[0].subject).empty());
    add_script("const at = () => document.querySelector('g.chosen').dataset.row;"
               "const press = (key) => { document.dispatchEvent(new KeyboardEvent('keydown', "
               "{key})); return at(); };"
               "document.body.dataset.seen = [at(), press('Home'), press('ArrowDown'), "
               "press('ArrowUp'), press('ArrowUp'), press('End'), press('Home'), press('v')]"
               ".join(' ');"
               "document.body.dataset.focus = document.activeElement.dataset.row;");
    const Ended ended = opened();
    EXPECT_FALSE(complains(ended)) << ended.err;
    EXPECT_NE(ended.out.find("data-seen=\"2 0 1 0 0 2 0 2\""), std::string::npos) << ended.out;
    EXPECT_NE(ended.out.find("data-focus=\"2\""), std::string::npos);
}

TEST_F(Browser, has_the_picture_and_the_details_apart_whatever_the_width) {
    const std::string subject = "mutant_pending_list_dropped";
    ASSERT_FALSE(
        page_of(source_dir / "corpus" / "witnesses" / (subject + ".scenario"), subject).empty());
    add_script("const box = (what) => document.querySelector(what).getBoundingClientRect();"
               "const run = box('.run'), picture = box('.rows svg'), details = box('aside');"
               "const cut = getComputedStyle(document.querySelector('.run')).overflowX == 'auto';"
               "const right = cut ? Math.min(picture.right, run.right) : picture.right;"
               "document.body.dataset.apart = right <= details.left || run.bottom <= details.top;");
    for (const int width : {900, 1200, 1280}) {
        EXPECT_NE(opened(width).out.find("data-apart=\"true\""), std::string::npos) << width;
    }
}

// Those above can fail.
TEST_F(Browser, is_heard_when_it_complains) {
    ASSERT_FALSE(page_of(source_dir / "corpus" / shown[0].scenario, shown[0].subject).empty());
    add_script("throw new Error('planted');");
    EXPECT_TRUE(complains(opened()));
}

}  // namespace
}  // namespace shimfuzz
