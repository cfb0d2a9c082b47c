package analyzer

import (
	"fmt"
	"path"
	"runtime"
	"strings"

	"github.com/rstexplain/rstexplain/analyzer/report"
)

// A bug is a panic of a stage. It ends the work on the file, not the program: the report has what was explained before.
type bug struct {
	what  any
	where string // the function and line that panicked
}

func (b *bug) Error() string { return fmt.Sprintf("internal error: %v, at %s", b.what, b.where) }

func (b *bug) warning() report.Warning {
	return report.Warning{Lost: true, Says: b.Error(),
		Hint: "this is a bug in rstexplain: please report it; what was explained before it is not affected"}
}

// guarded calls step and turns a panic into an error of type *bug.
func guarded(step func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &bug{v, panicked()}
		}
	}()
	return step()
}

// panicked names the place of the panic that is being recovered from.
func panicked() string {
	var pcs [32]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs[:])])
	for {
		f, more := frames.Next()
		if !strings.HasPrefix(f.Function, "runtime.") || !more {
			return fmt.Sprintf("%s (%s:%d)", path.Base(f.Function), path.Base(f.File), f.Line)
		}
	}
}
