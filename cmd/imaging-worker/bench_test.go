//go:build vision

package main

import (
	"context"
	"fmt"
	"testing"
	"time"

	"realname/imaging"
)

// BenchmarkWorkers is what one more worker brings: the time a card, with as many
// clients as keep all of them busy. On two cores two should take about half of one's.
func BenchmarkWorkers(b *testing.B) {
	for _, workers := range []int{1, 2} {
		b.Run(fmt.Sprint(workers), func(b *testing.B) {
			pool := live(b, roleWorker, func(o *imaging.Options) { o.Workers = workers })
			cards := []imaging.Request{photograph(b, 101), photograph(b, 102), photograph(b, 103)}
			for _, card := range cards { // both workers have grown to their size
				for range 2 * workers {
					if _, err := pool.Check(b.Context(), card); err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ResetTimer()
			failed := make(chan error, b.N)
			for i := range b.N {
				go func() {
					ctx, cancel := context.WithTimeout(b.Context(), time.Hour)
					defer cancel()
					_, err := pool.Check(ctx, cards[i%len(cards)])
					failed <- err
				}()
				if i >= 2*workers { // that many are under way or wait
					if err := <-failed; err != nil {
						b.Fatal(err)
					}
				}
			}
			for range min(b.N, 2*workers) {
				if err := <-failed; err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
