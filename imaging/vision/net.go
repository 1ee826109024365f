//go:build vision

package vision

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"

	ort "github.com/yalue/onnxruntime_go"
)

var startRuntime sync.Mutex

// openRuntime loads ONNX Runtime from the assets; one process has one runtime, the first caller's.
func openRuntime(assets string) error {
	startRuntime.Lock()
	defer startRuntime.Unlock()
	if ort.IsInitialized() {
		return nil
	}
	lib := filepath.Join(assets, "onnxruntime", "libonnxruntime.so.1")
	if _, err := os.Stat(lib); err != nil {
		return missingAsset(err)
	}
	ort.SetSharedLibraryPath(lib)
	if err := ort.InitializeEnvironment(ort.WithLogLevelError()); err != nil {
		return fmt.Errorf("vision: start ONNX Runtime: %w", err)
	}
	return nil
}

func missingAsset(err error) error {
	return fmt.Errorf("vision: asset missing, `make setup` fetches it: %w", err)
}

// net is one model with one float32 input and one float32 output.
type net struct {
	session *ort.DynamicAdvancedSession
	// Reused from run to run: a fresh megabyte a text line would outrun the collector.
	in, out []float32
}

// input gives room for n values, all zero, for the next run.
func (n *net) input(size int) []float32 {
	if cap(n.in) < size {
		n.in = make([]float32, size)
	}
	n.in = n.in[:size]
	clear(n.in)
	return n.in
}

// openNet loads a model from its ONNX bytes, for one thread: parallelism is by worker process.
func openNet(model []byte) (*net, error) {
	ins, outs, err := ort.GetInputOutputInfoWithONNXData(model)
	if err != nil {
		return nil, fmt.Errorf("vision: read model: %w", err)
	}
	if len(ins) != 1 || len(outs) != 1 {
		return nil, fmt.Errorf("vision: model has %d inputs and %d outputs, want one each", len(ins), len(outs))
	}
	opts, err := ort.NewSessionOptions()
	if err != nil {
		return nil, fmt.Errorf("vision: session options: %w", err)
	}
	defer destroy(opts)
	for _, set := range []func() error{
		func() error { return opts.SetIntraOpNumThreads(1) },
		func() error { return opts.SetInterOpNumThreads(1) },
		// Every photo has other shapes: an arena would keep the largest of each for ever.
		func() error { return opts.SetCpuMemArena(false) },
		func() error { return opts.SetMemPattern(false) },
		func() error { return opts.SetGraphOptimizationLevel(ort.GraphOptimizationLevelEnableAll) },
	} {
		if err := set(); err != nil {
			return nil, fmt.Errorf("vision: session options: %w", err)
		}
	}
	s, err := ort.NewDynamicAdvancedSessionWithONNXData(model, []string{ins[0].Name}, []string{outs[0].Name}, opts)
	if err != nil {
		return nil, fmt.Errorf("vision: open model: %w", err)
	}
	return &net{session: s}, nil
}

// run feeds one tensor of the given shape and returns the output with its
// shape; the output is valid until the next run.
func (n *net) run(in []float32, shape ...int64) ([]float32, []int64, error) {
	x, err := ort.NewTensor(ort.NewShape(shape...), in)
	if err != nil {
		return nil, nil, fmt.Errorf("vision: input tensor: %w", err)
	}
	defer destroy(x)
	out := []ort.Value{nil}
	if err := n.session.Run([]ort.Value{x}, out); err != nil {
		return nil, nil, fmt.Errorf("vision: run model: %w", err)
	}
	defer destroy(out[0])
	y, ok := out[0].(*ort.Tensor[float32])
	if !ok {
		return nil, nil, fmt.Errorf("vision: model answered with %T", out[0])
	}
	// The tensor's memory is the runtime's and dies with it.
	n.out = append(n.out[:0], y.GetData()...)
	return n.out, y.GetShape(), nil
}

func (n *net) close() {
	if n != nil && n.session != nil {
		destroy(n.session)
		n.session = nil
	}
}

// destroy frees what the runtime holds; it fails only for what is freed already.
func destroy(held interface{ Destroy() error }) { _ = held.Destroy() }
