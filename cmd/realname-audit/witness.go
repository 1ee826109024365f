package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"realname/compliance/receipt/witness"
	"realname/compliance/signing"
)

type witnessCmd struct {
	Keygen witnessKeyCmd   `cmd:"" help:"${h_witness_keygen}"`
	Serve  witnessServeCmd `cmd:"" help:"${h_witness_serve}"`
}

func (*witnessCmd) helpKey() string      { return "help_witness" }
func (*witnessKeyCmd) helpKey() string   { return "help_witness" }
func (*witnessServeCmd) helpKey() string { return "help_witness" }

type witnessKeyCmd struct {
	Name string `required:"" placeholder:"witness.example/1" help:"${h_witness_name}"`
	Out  string `required:"" placeholder:"FILE" help:"${h_witness_out}"`
}

func (w *witnessKeyCmd) run(p printer) int {
	keys, err := signing.Create(w.Out, w.Name, rand.Reader, signing.Cosignature)
	if err != nil {
		return p.unchecked(w.Out, err)
	}
	_, _ = fmt.Fprintln(p.c.out, keys[0].Public()) // the file holds it too
	return exitSound
}

type witnessServeCmd struct {
	Key    string `required:"" placeholder:"FILE" help:"${h_witness_key}"`
	Logs   string `required:"" placeholder:"KEYFILE" help:"${h_witness_logs}"`
	State  string `required:"" placeholder:"DIR" help:"${h_witness_state}"`
	Listen string `default:"127.0.0.1:8091" help:"${h_witness_listen}"`
	Cert   string `placeholder:"PEM" help:"${h_witness_cert}"`
	TLSKey string `name:"tls-key" placeholder:"PEM" help:"${h_witness_tls_key}"`
}

// The patience of the server: a request is a few kilobytes.
const (
	requestPatience = 10 * time.Second
	stopPatience    = 5 * time.Second
)

func (w *witnessServeCmd) run(p printer) int {
	keys, err := signing.Load(w.Key)
	if err == nil && keys[0].Suite() != signing.Cosignature {
		err = fmt.Errorf("%s is no key of a witness: make one by witness keygen", w.Key)
	}
	if err != nil {
		return p.unchecked(w.Key, err)
	}
	logs, err := signing.LoadVerifiers(w.Logs)
	if err != nil {
		return p.unchecked(w.Logs, err)
	}
	if (w.Cert == "") != (w.TLSKey == "") {
		return p.unchecked("", errors.New("--cert and --tls-key go together"))
	}
	var mu sync.Mutex // two requests may end at once
	told := func(origin string, size int64, err error) {
		mu.Lock()
		defer mu.Unlock()
		p.cosigned(origin, size, err)
	}
	at, err := witness.Open(w.State, keys[0].SignerAt(p.c.time), logs, told)
	if err != nil {
		return p.unchecked(w.State, err)
	}
	err = errors.Join(w.serve(p, at, keys[0]), at.Close())
	if err != nil {
		return p.unchecked("", err)
	}
	return exitSound
}

// serve answers until the program is told to stop.
func (w *witnessServeCmd) serve(p printer, handler http.Handler, key *signing.Key) error {
	ctx := p.c.context()
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", w.Listen)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(p.c.err, p.words["witness_serving"]+"\n", ln.Addr(), key.Public())
	server := &http.Server{Handler: handler, ReadTimeout: requestPatience, WriteTimeout: requestPatience}
	ended := make(chan error, 1)
	go func() {
		if w.Cert != "" {
			ended <- server.ServeTLS(ln, w.Cert, w.TLSKey)
			return
		}
		ended <- server.Serve(ln)
	}()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	stop, done := context.WithTimeout(context.WithoutCancel(ctx), stopPatience)
	defer done()
	return server.Shutdown(stop)
}

// cosigned tells, a line each, what was cosigned and what was refused.
func (p printer) cosigned(origin string, size int64, err error) {
	at := p.c.time().UTC()
	if p.json {
		v := struct {
			At      time.Time `json:"at"`
			Verdict string    `json:"verdict"` // cosigned or refused
			Origin  string    `json:"origin"`
			Size    int64     `json:"size"`
			Error   string    `json:"error,omitempty"`
		}{At: at, Verdict: "cosigned", Origin: origin, Size: size}
		if err != nil {
			v.Verdict, v.Error = "refused", err.Error()
		}
		p.printJSON(v)
		return
	}
	if err != nil {
		p.line("witness_refused", at.Format(time.RFC3339), visible(origin), size, visible(strings.TrimPrefix(err.Error(), "witness: ")))
		return
	}
	p.line("witness_cosigned", at.Format(time.RFC3339), visible(origin), size)
}

var witnessWords = map[string]map[string]string{
	"en": {
		"h_witness":         "Be a witness: cosign the checkpoints of logs, and refuse forks and rollbacks.",
		"h_witness_keygen":  "Make the key of a witness, and print its public line.",
		"h_witness_serve":   "Serve the C2SP tlog-witness protocol until told to stop.",
		"h_witness_name":    "Name of the witness: a URL without its scheme, under a name of yours.",
		"h_witness_out":     "Key file to write, readable by you alone.",
		"h_witness_key":     "Key file of the witness.",
		"h_witness_logs":    "File with the public keys of the logs to watch; each log is known by its keys' name.",
		"h_witness_state":   "Folder that remembers the last checkpoint of each log. Never restore it from a backup.",
		"h_witness_listen":  "Address to listen on.",
		"h_witness_cert":    "Certificate, to serve HTTPS.",
		"h_witness_tls_key": "Its private key.",
		"witness_serving":   "witness on %s, public key %s",
		"witness_cosigned":  "%s cosigned %s: %d entries",
		"witness_refused":   "%s REFUSED %s: %d entries: %s",
		"help_witness": "A log whose checkpoints a witness cosigns cannot be forked or rolled back by the institution that has the log's key:\n" +
			"the witness remembers the last checkpoint, on disk, and cosigns only what continues it.\n\n" +
			"  realname-audit witness keygen --name witness.example/1 --out witness.key > witness.pub\n" +
			"  realname-audit witness serve --key witness.key --logs bank-log.pub --state ./witness --listen 0.0.0.0:8091\n\n" +
			"The institution names it in its configuration:\n\n" +
			"  log:\n    witnesses: [{url: \"https://witness.example:8091\", key: \"<the line in witness.pub>\"}]\n    quorum: 1\n\n" +
			"Auditors add the line to KEYFILE and demand it: realname-audit receipt --key log.pub --witnesses 1 a.tlog-proof",
	},
	"zh-CN": {
		"h_witness":         "充当见证方：共签日志检查点，拒绝分叉与回滚。",
		"h_witness_keygen":  "生成见证方密钥并打印公钥行。",
		"h_witness_serve":   "提供 C2SP tlog-witness 服务，直至被要求停止。",
		"h_witness_name":    "见证方名称：不带协议头的 URL，使用自己的域名。",
		"h_witness_out":     "写入的密钥文件，仅本人可读。",
		"h_witness_key":     "见证方密钥文件。",
		"h_witness_logs":    "所监视日志的公钥文件；以公钥名称识别各日志。",
		"h_witness_state":   "记住各日志上一个检查点的目录；切勿从备份恢复。",
		"h_witness_listen":  "监听地址。",
		"h_witness_cert":    "HTTPS 证书。",
		"h_witness_tls_key": "证书私钥。",
		"witness_serving":   "见证方监听于 %s，公钥 %s",
		"witness_cosigned":  "%s 已共签 %s：%d 条记录",
		"witness_refused":   "%s 拒绝 %s：%d 条记录：%s",
		"help_witness": "有见证方共签检查点的日志，即使持有日志密钥的机构也无法使其分叉或回滚：\n" +
			"见证方把上一个检查点记在磁盘上，只共签其延续。\n\n" +
			"  realname-audit witness keygen --name witness.example/1 --out witness.key > witness.pub\n" +
			"  realname-audit witness serve --key witness.key --logs bank-log.pub --state ./witness --listen 0.0.0.0:8091\n\n" +
			"机构在其配置中写明：\n\n" +
			"  log:\n    witnesses: [{url: \"https://witness.example:8091\", key: \"<witness.pub 中的一行>\"}]\n    quorum: 1\n\n" +
			"审计方把该行加入 KEYFILE 并要求之：realname-audit receipt --key log.pub --witnesses 1 a.tlog-proof",
	},
}
