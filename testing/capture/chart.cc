#include "testing/capture/chart.h"

#include "absl/strings/str_replace.h"
#include "testing/capture/chart_data.h"
#include "testing/capture/pcapng_reader.h"
#include "testing/capture/trace.h"

namespace plumb {
namespace {

// kChartHtml, kChartCss and kChartJs: the files chart.html, .css and .js.
#include "testing/capture/chart_assets.inc"

}  // namespace

absl::StatusOr<std::string> MakeChart(absl::string_view name,
                                      absl::string_view bytes) {
  if (IsTrace(bytes)) {
    const absl::StatusOr<std::string> pcapng = PcapngOf(name, bytes);
    if (!pcapng.ok()) return pcapng.status();
    return MakeChart(name, *pcapng);
  }
  absl::StatusOr<PcapngFile> file = ParsePcapng(name, bytes);
  if (!file.ok()) return file.status();
  absl::StatusOr<std::string> data = ChartData(name, *file);
  if (!data.ok()) return data.status();
  return absl::StrReplaceAll(
      kChartHtml,
      {{"{{css}}", kChartCss}, {"{{js}}", kChartJs}, {"{{data}}", *data}});
}

}  // namespace plumb
