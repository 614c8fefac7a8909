// The page that every report stands in: head, style, header and footer.
#include <fmt/format.h>

#include "eval/html.h"

namespace attune::eval {

namespace {

constexpr std::string_view kStyle = R"css(
:root{color-scheme:light dark;--page:#f6f7f9;--card:#fff;--text:#1b2129;--soft:#59636f;--line:#dfe3e8;--accent:#0b6bcb;
--accent-soft:#d7e8fa;--other:#98a4b3;--other-soft:#e6eaef;--good:#146c43;--good-soft:#dff3e8;--bad:#a1261d;--bad-soft:#fbe4e1;
--warn:#8a5300;--warn-soft:#fdf0d8;--second:#c2570c;--code:#f1f3f6}
@media (prefers-color-scheme:dark){:root{--page:#12161b;--card:#1a2027;--text:#e4e8ed;--soft:#9aa6b3;--line:#2d3640;
--accent:#5aa9f5;--accent-soft:#173a5c;--other:#6b7886;--other-soft:#29323c;--good:#5fcf95;--good-soft:#123523;--bad:#f28b82;
--bad-soft:#43201d;--warn:#f0b65a;--warn-soft:#3b2c10;--second:#f09a56;--code:#12171d}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
main,header,footer{max-width:1120px;margin:0 auto;padding:0 20px}
header{padding-top:32px}
h1{font-size:26px;line-height:1.25;margin:0 0 4px;letter-spacing:-.01em}
h2{font-size:19px;line-height:1.3;margin:0 0 8px;letter-spacing:-.005em}
h3{font-size:15px;margin:22px 0 6px}
h4{font-size:13px;margin:0 0 6px;color:var(--soft);font-weight:600}
p{margin:0 0 12px;max-width:78ch}
.meta,.note,footer{color:var(--soft);font-size:13px}
section{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:22px 24px;margin:18px 0}
section>:last-child{margin-bottom:0}
.verdict{border-left:6px solid var(--other)}
.verdict.go{border-left-color:var(--good)}.verdict.prompt{border-left-color:var(--accent)}
.verdict.stop{border-left-color:var(--bad)}.verdict.open{border-left-color:var(--warn)}
.verdict h2{font-size:23px}
.kicker{text-transform:uppercase;letter-spacing:.08em;font-size:12px;font-weight:600;color:var(--soft);margin:0 0 4px}
.verdict ul{margin:8px 0 12px;padding-left:20px}.verdict li{margin:4px 0}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:14px;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:7px 12px;border-bottom:1px solid var(--line);vertical-align:top}
thead th{color:var(--soft);font-weight:600;font-size:13px;vertical-align:bottom}
tbody tr:last-child>*{border-bottom:0}
tbody th{font-weight:500;white-space:nowrap}
.num{text-align:right;white-space:nowrap}
tr.subject>*{background:var(--accent-soft)}
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(300px,1fr));gap:18px;margin:6px 0 18px}
figure{margin:0}.wide{max-width:760px;margin-bottom:14px}figcaption{font-weight:600;font-size:14px;margin-bottom:4px}
svg{display:block;width:100%;height:auto;font-family:inherit}
.grid{stroke:var(--line);stroke-width:1}.tick{fill:var(--soft);font-size:11px}.label{fill:var(--text);font-size:12px}
.value{fill:var(--text);font-size:12.5px;font-weight:600}
.bar{fill:var(--other)}.bar.subject{fill:var(--accent)}
.whisker{stroke:var(--text);stroke-width:1.6;fill:none}
.curve{fill:none;stroke-width:1.8;stroke-linejoin:round}.curve.series0{stroke:var(--accent)}.curve.series1{stroke:var(--second);stroke-width:2.2}
.dot.series0{fill:var(--accent)}.dot.series1{fill:var(--second)}
.share{background:linear-gradient(to right,var(--other-soft) calc(var(--share)*100%),transparent 0);white-space:nowrap}
.share.subject{background:linear-gradient(to right,var(--accent-soft) calc(var(--share)*100%),transparent 0)}
code,pre{font-family:ui-monospace,"SF Mono",Menlo,Consolas,"Liberation Mono",monospace;font-size:12.5px}
pre{background:var(--code);border:1px solid var(--line);border-radius:6px;padding:10px 12px;margin:0;white-space:pre-wrap;overflow-wrap:anywhere;max-height:340px;overflow:auto;line-height:1.5}
ins{background:var(--bad-soft);color:var(--bad);text-decoration:underline;text-underline-offset:2px;border-radius:2px}
del{background:var(--other-soft);color:var(--soft);border-radius:2px}
.example{border-top:1px solid var(--line);padding:10px 0}
.example summary{cursor:pointer;font-weight:600;padding:2px 0}
.pair,.answers{display:grid;gap:14px;margin:10px 0;grid-template-columns:repeat(auto-fit,minmax(280px,1fr))}
.badges{margin:0 0 6px;display:flex;flex-wrap:wrap;gap:6px}
.badge{display:inline-block;font-size:12px;padding:1px 8px;border-radius:10px;background:var(--other-soft);color:var(--text);white-space:nowrap}
.badge.good{background:var(--good-soft);color:var(--good)}.badge.warn{background:var(--warn-soft);color:var(--warn)}.badge.bad{background:var(--bad-soft);color:var(--bad)}
.violation{font-size:13px;color:var(--bad);margin:6px 0 0;overflow-wrap:anywhere}
.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(220px,1fr));gap:10px 24px;margin:0 0 12px}
.facts div{min-width:0}.facts dt{color:var(--soft);font-size:12.5px}.facts dd{margin:0;overflow-wrap:anywhere;font-variant-numeric:tabular-nums}
footer{padding-bottom:40px}
@media print{section{break-inside:avoid;border-color:#bbb}pre{max-height:none}}
)css";

}  // namespace

std::string html_page(std::string_view title, std::string_view meta, std::string_view body,
                      std::string_view footer, std::string_view style) {
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width,initial-scale=1\">"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
      "'unsafe-inline'\">"
      "<meta name=\"generator\" "
      "content=\"attune\"><title>{0}</title><style>{1}{5}</style></head><body><header><h1>{0}</"
      "h1><p "
      "class=\"meta\">{2}</p></header><main>{3}</main><footer>{4}</footer></body></html>\n",
      escape(title), kStyle, escape(meta), body, escape(footer), style);
}

}  // namespace attune::eval
