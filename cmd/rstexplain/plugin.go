package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/rstexplain/rstexplain/analyzer"
	"github.com/rstexplain/rstexplain/cmd/rstexplain/wireshark"
)

func pluginCommand(stderr io.Writer) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "plugin",
		Short: "Explanations as fields in Wireshark and tshark",
		Long: `plugin installs a Lua plugin, with which Wireshark and tshark show the
explanation of each RST as fields: rstexplain.cause, .detail, .confidence,
.incident, .summary and .evidence, on the RST and on the frames of its evidence.
They can be filtered, coloured and made columns of.`,
		Example: `  rstexplain plugin install
  rstexplain plugin path
  tshark -r capture.pcapng -Y 'rstexplain.cause == "peer-crash"'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	dir := ""
	install := &cobra.Command{
		Use:   "install",
		Short: "Write the plugin into Wireshark's directory of personal plugins",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return installPlugin(dir, outOf(cmd))
		},
	}
	install.Flags().StringVar(&dir, "dir", "", "write it into `DIRECTORY` instead")
	path := &cobra.Command{
		Use:   "path",
		Short: "Print where the plugin is or would be installed",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(outOf(cmd), filepath.Join(pluginDirectory(), wireshark.Name))
			return wrapOutput("", err)
		},
	}
	fields := &cobra.Command{
		Use:    "fields FILE",
		Short:  "Print what the plugin shows of a capture",
		Hidden: true,
		Args:   oneCapture("plugin fields"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return printFields(cmd.Context(), args[0], outOf(cmd), stderr)
		},
	}
	cmd.AddCommand(install, path, fields)
	return cmd
}

func installPlugin(dir string, stdout io.Writer) error {
	if dir == "" {
		dir = pluginDirectory()
	}
	program, err := os.Executable()
	if err != nil {
		program = ""
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return outputError{dir, err}
	}
	path := filepath.Join(dir, wireshark.Name)
	out, err := openOutput(path, nil)
	if err != nil {
		return err
	}
	defer out.discard()
	if _, err := io.WriteString(out, wireshark.Plugin(program)); err != nil {
		return outputError{path, err}
	}
	if err := out.commit(); err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, `%s
runs %s
To colour the resets, import this in Wireshark (View, Coloring Rules), as a file with one line:
%s
`, shown(path), shown(program), wireshark.ColoringRule)
	return wrapOutput("", err)
}

// personalPlugins finds the directory in what tshark -G folders prints.
var personalPlugins = regexp.MustCompile(`(?m)^Personal Lua Plugins:\s*(\S.*?)\s*$`)

// pluginDirectory returns the directory of personal Lua plugins: the one that tshark names, or else the documented one.
func pluginDirectory() string {
	if out, err := exec.Command("tshark", "-G", "folders").Output(); err == nil {
		if m := personalPlugins.FindSubmatch(out); m != nil {
			return string(m[1])
		}
	}
	if runtime.GOOS == "windows" {
		return filepath.Join(os.Getenv("APPDATA"), "Wireshark", "plugins")
	}
	home, _ := os.UserHomeDir()
	return filepath.Join(home, ".local", "lib", "wireshark", "plugins")
}

// printFields prints what the plugin asks for. Warnings are left to the report: the plugin has no place for them.
func printFields(ctx context.Context, path string, stdout, stderr io.Writer) error {
	var opts analyzer.Options
	bounds := boundFlags{connections: defaultConnections, memory: defaultMemory}
	bounds.apply(&opts) // as the report has them, so that both say the same
	file, err := analyzer.Explain(ctx, path, wireshark.Fields(stdout), opts)
	if err != nil {
		return outputError{"", err}
	}
	if file.Partial && file.Packets == 0 {
		for _, w := range file.Warnings {
			warn(stderr, path, w)
		}
		return lossError{}
	}
	return nil
}
