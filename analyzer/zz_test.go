package analyzer
import ("testing";"context";"os")
func TestClk(t *testing.T){
 for _,p:=range labPairs(t,"client","server"){ if p.name!=os.Getenv("SIT"){continue}
  c,_:=Compare(context.Background(),p.points,Options{})
  for _,v:=range c.Vantages { if v.Offset!=nil {t.Log(v.Name,*v.Offset,*v.Uncertainty,v.Drift)} }
  t.Log(c.Connections,c.Stretches,c.Warnings)
  for i:=range c.Resets { r:=&c.Resets[i]; t.Log(r.Seen,r.Says); for _,k:=range r.Shows {t.Log("   ",k.Says)}
   for _,g:=range r.Ladder {t.Log("      ",g.Time/1000,g.Last/1000,g.Sender,g.Flags,g.SEQ,g.ACK,g.LEN,g.Seen,g.TTLs,g.Fate,g.Role)} }
 }
}
