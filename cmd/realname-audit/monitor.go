package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"realname/compliance/receipt"
	"realname/compliance/receipt/tiles"
	"realname/compliance/signing"
)

type monitorCmd struct {
	trust
	remote
	URL     string        `arg:"" name:"url" help:"${h_url}"`
	State   string        `required:"" placeholder:"FILE" help:"${h_state}"`
	Every   time.Duration `default:"30s" help:"${h_every}"`
	Silence time.Duration `default:"5m" help:"${h_silence}"`
	Stale   time.Duration `default:"0s" help:"${h_stale}"`
	Once    bool          `help:"${h_once}"`
}

func (*monitorCmd) helpKey() string { return "help_monitor" }

// watch is one monitor at work.
type watch struct {
	cmd    *monitorCmd
	p      printer
	keys   *signing.Verifiers
	source receipt.Source
	state  state
	seen   tiles.Checkpoint // that of the state
	heard  time.Time        // when the gateway last answered well, or when the watch began
}

func (m *monitorCmd) run(p printer) int {
	keys, err := m.keys()
	if err != nil {
		return p.unchecked("", err)
	}
	source, err := m.open(p.c.context(), m.URL, p.c.env)
	if err != nil {
		return p.unchecked("", err)
	}
	unlock, err := lockState(m.State)
	if err != nil {
		return p.unchecked(m.State, err)
	}
	defer unlock()
	w := &watch{cmd: m, p: p, keys: keys, source: source, heard: p.c.time()}
	if w.state, err = readState(m.State); err != nil {
		return p.unchecked(m.State, err)
	}
	if w.state.Checkpoint != "" {
		o, err := tiles.Open([]byte(w.state.Checkpoint), keys)
		if err != nil {
			return p.unchecked(m.State, fmt.Errorf("the remembered checkpoint: %w", err))
		}
		w.seen = o.Checkpoint
	}
	return w.run()
}

// run polls until there is an alarm, or the program is told to stop.
func (w *watch) run() int {
	for {
		status, ended := w.poll()
		if ended || w.cmd.Once {
			return status
		}
		select {
		case <-w.p.c.context().Done():
			return exitSound
		case <-w.p.c.wait(w.cmd.Every):
		}
	}
}

// poll looks once. ended says that nothing is left to watch for: there is an alarm.
func (w *watch) poll() (status int, ended bool) {
	signed, err := w.source.Read(tiles.CheckpointPath)
	var next tiles.Opened
	if err == nil {
		next, err = tiles.Open(signed, w.keys)
	}
	if err == nil && w.state.Checkpoint != "" {
		err = receipt.CheckConsistency(w.seen, next.Checkpoint, w.source)
	}
	if w.p.c.context().Err() != nil {
		return exitSound, true
	}
	now := w.p.c.time()
	if errors.Is(err, errNoAnswer) {
		return w.unanswered(now, err)
	}
	if err != nil {
		kind, known := alarmOf(err)
		if !known {
			return w.p.unchecked("", err), true
		}
		return w.alarm(now, kind, err, signed), true
	}
	w.heard = now
	if err := w.remember(now, next.Checkpoint, signed); err != nil {
		return w.p.unchecked(w.cmd.State, err), true
	}
	if quiet := now.Sub(w.state.GrownAt); w.cmd.Stale > 0 && quiet > w.cmd.Stale {
		return w.alarm(now, "stale", fmt.Errorf("no new entry since %s", w.state.GrownAt.Format(time.RFC3339)), nil), true
	}
	w.tell(report{At: now, Verdict: "sound", Size: next.Size, Suites: suitesOf(w.keys, next.SignedBy())})
	return exitSound, false
}

// remember makes the checkpoint the one that later ones must continue.
func (w *watch) remember(now time.Time, c tiles.Checkpoint, signed []byte) error {
	if w.state.Checkpoint == "" || c.Size > w.seen.Size {
		w.state.GrownAt = now
	}
	w.state.V, w.state.Checkpoint, w.state.CheckedAt = 1, string(signed), now
	w.seen = c
	return w.state.write(w.cmd.State)
}

// unanswered counts the time without an answer.
func (w *watch) unanswered(now time.Time, err error) (int, bool) {
	if w.cmd.Once || now.Sub(w.heard) >= w.cmd.Silence {
		w.tell(report{At: now, Verdict: "alarm", Kind: "silent", Size: w.seen.Size, Error: err.Error()})
		return exitSilent, true
	}
	w.tell(report{At: now, Verdict: "no_answer", Size: w.seen.Size, Error: err.Error()})
	return exitSound, false
}

// alarm keeps what proves it beside the state, which stays as it was.
func (w *watch) alarm(now time.Time, kind string, err error, signed []byte) int {
	r := report{At: now, Verdict: "alarm", Kind: kind, Size: w.seen.Size, Error: err.Error()}
	if signed != nil {
		evidence, werr := keepEvidence(w.cmd.State, kind, now, w.state.Checkpoint, signed)
		if werr != nil {
			r.Error += "; " + werr.Error()
		}
		r.Evidence = evidence
	}
	w.tell(r)
	return exitTampered
}

// report is what is said of one look.
type report struct {
	At       time.Time `json:"at"`
	Verdict  string    `json:"verdict"` // sound, no_answer or alarm
	Kind     string    `json:"kind,omitempty"`
	Size     int64     `json:"size"` // of the last checkpoint that was sound
	Suites   []string  `json:"suites,omitempty"`
	Error    string    `json:"error,omitempty"`
	Evidence []string  `json:"evidence,omitempty"` // files
}

func (w *watch) tell(r report) {
	if w.p.json {
		w.p.printJSON(r)
		return
	}
	at := r.At.UTC().Format(time.RFC3339)
	switch r.Verdict {
	case "sound":
		w.p.line("watch_sound", at, r.Size, r.Suites)
	case "no_answer":
		w.p.line("watch_no_answer", at, visible(strings.TrimPrefix(r.Error, errNoAnswer.Error()+": ")))
	default:
		w.p.line("watch_alarm", at, w.p.words["a_"+r.Kind], visible(r.Error), r.Size)
		for _, file := range r.Evidence {
			w.p.line("watch_evidence", visible(file))
		}
	}
}

var monitorWords = map[string]map[string]string{
	"en": {
		"h_monitor":       "Watch the log of a running gateway, and raise alarm on a fork, a rollback, a wrong key or silence.",
		"h_url":           "The log, such as https://gateway.example/v1/audit.",
		"h_state":         "File that remembers the last checkpoint; keep it as safe as the key.",
		"h_every":         "How often to look.",
		"h_silence":       "Alarm after so long without an answer.",
		"h_stale":         "Alarm when the log does not grow for so long; 0s: a quiet log is no alarm.",
		"h_once":          "Look once, for cron.",
		"watch_sound":     "%s sound: %d entries, signed by %s",
		"watch_no_answer": "%s no answer: %s",
		"watch_alarm":     "%s ALARM %s\n   %s\n   the last sound checkpoint had %d entries",
		"watch_evidence":  "   kept as evidence: %s",
		"a_silent":        "SILENCE: the gateway does not answer.",
		"a_stale":         "STALE: the log does not grow.",
		"help_monitor": "The monitor remembers the last checkpoint it has seen. Every new one must be signed by the key and must contain all entries\n" +
			"of the last; the gateway is asked for the tiles that prove it. On an alarm it ends, and both checkpoints lie beside the state file as evidence.\n\n" +
			"  export REALNAME_AUDIT_TOKEN=…          # an API key of role regulator\n" +
			"  realname-audit monitor --key log.pub --state bank.state https://gateway.example/v1/audit\n" +
			"  realname-audit monitor --key log.pub --state bank.state --once https://gateway.example/v1/audit || mail -s ALARM …\n\n" +
			"Exit status: 0 told to stop, all is sound; 1 alarm: fork, rollback, wrong key, malformed, stale; 2 could not watch; 3 silence.\n" +
			"Two regulators who compare their state files also find a gateway that shows each of them another log.",
	},
	"zh-CN": {
		"h_monitor":       "监视运行中网关的日志，发现分叉、回滚、签名不符或无应答时报警。",
		"h_url":           "日志地址，如 https://gateway.example/v1/audit。",
		"h_state":         "记住上一个检查点的文件；请与公钥一样妥善保存。",
		"h_every":         "查看间隔。",
		"h_silence":       "多久无应答即报警。",
		"h_stale":         "日志多久不增长即报警；0s 表示不因此报警。",
		"h_once":          "只查看一次，用于定时任务。",
		"watch_sound":     "%s 完好：%d 条记录，签名 %s",
		"watch_no_answer": "%s 无应答：%s",
		"watch_alarm":     "%s 报警 %s\n   %s\n   上一个完好的检查点有 %d 条记录",
		"watch_evidence":  "   已留存证据：%s",
		"a_silent":        "无应答：网关没有回应。",
		"a_stale":         "停滞：日志不再增长。",
		"help_monitor": "监视器记住所见的上一个检查点。每个新检查点都须由该密钥签名，并包含上一个的全部记录；证明所需的哈希块向网关索取。\n" +
			"报警后即退出，两个检查点留在状态文件旁作为证据。\n\n" +
			"  export REALNAME_AUDIT_TOKEN=…          # 监管角色的 API 密钥\n" +
			"  realname-audit monitor --key log.pub --state bank.state https://gateway.example/v1/audit\n" +
			"  realname-audit monitor --key log.pub --state bank.state --once https://gateway.example/v1/audit || mail -s 报警 …\n\n" +
			"退出码：0 被要求停止且一切完好；1 报警：分叉、回滚、签名不符、格式不符、停滞；2 无法监视；3 无应答。\n" +
			"两个监管方比对状态文件，还可发现网关向双方出示不同日志。",
	},
}
