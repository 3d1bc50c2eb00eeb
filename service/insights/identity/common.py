"""Names, nicks and pet forms that many people share, whatever the data at hand shows of them."""

from __future__ import annotations

_GIVEN = """
aaron abdul adam adrian ahmed aidan alan albert alejandro aleksandr aleksey alessandro alex
alexander alexandra alexey ali alice amanda amit amy ana andrea andreas andrei andrew andrey
angela anna anne anthony anton antonio arjun arthur barbara ben benjamin bernd bill bob boris
brian bruno carl carlos caroline catherine charles charlie chen chloe chris christian christina
christine christoph christopher claire clara claudia daniel daniela dave david deepak dennis
diana diego dieter dima dmitry dominik edward elena eli elizabeth ella emil emily emma eric
erik ethan eva evgeny fabian fatima felix fernando florian francesca francesco francisco frank
gabriel george giorgos giovanni giulia giuseppe greg hannah hans harry hassan heather helen
henry hiroshi hugo ian ibrahim igor ines irina isabel ivan jack jacob jake james jan jane
jason javier jean jeff jennifer jens jessica jim jin jing joao joe johan johannes john jon
jonas jonathan jorge jose joseph josh joshua juan julia julian julie julien jun justin karen
karl katarzyna kate katherine kelly ken kenji kevin khalid kim kumar lars laura lee lei lena
leo leon li lin linda lisa liu louis luca lucas lucy luis luke maciej manuel marc marco maria
marie mark markus marta martin matt matteo matthew matthias max mehmet mei mia michael michal
michel miguel mike mikhail min ming minjun mohamed mohammed monika muhammad mustafa nadia
natalia nathan neha neil nick nicolas nicole nikhil nikita nikos nils noah olga oliver olivia
omar oscar pablo patricia patrick paul paula pavel pedro peter petra philip philipp pierre
piotr priya rachel rafael rahul raj ralf ravi rebecca ricardo richard rick rob robert roberto
robin roman ross ruben ryan sally sam samantha samuel sandra sanjay sara sarah scott sean
sebastian sergey sergio shawn simon sofia sophie stefan stephan stephen steve steven sunil
susan sven takashi tanya thomas tim timo tobias tom tomas tomasz tony tyler ulrich valentina
vera victor victoria vijay viktor vincent vladimir wei will william xavier yan yang yuki yuri
yusuf zhang
bo fang feng gang hao hong hua hui jie kai ling long mei na ning peng ping qi qiang qin rui shan
tao ting tong xia xin xue yi ying yong yu yuan yue yun ze zhen zhi
"""
# The few that are met everywhere.
_COMMONEST = """
ahmed alex ali anna chen daniel david garcia ivanov james jan john jose kim kumar lee li liu
maria martin mehmet michael mike mohamed muhammad muller nguyen patel sam sharma silva singh
smith thomas wang wei williams yang zhang
"""
_FAMILY = """
adams ahmed ali allen andersen anderson andersson bailey baker bauer becker bell bennett
bernard bianchi brown campbell carter chang chen cho choi clark cohen cook cooper costa cruz
das davies davis demir diaz dubois edwards evans fernandez ferrari fischer garcia gomez
gonzalez green gupta hall hansen harris hassan hernandez hill hoffmann huang hughes ibrahim
ito ivanov jackson jain jang jansen jensen johansson johnson jones jung kang kaya khan kim
king klein kowalski kumar kuznetsov larsen lee levi lewis li lin liu lopez martin martinez
mehta meyer miller mishra mitchell moore morgan morris mueller muller murphy nguyen nielsen
novak nowak olsen papadopoulos parker park patel perez petrov phillips popov ramirez
reddy richter rivera roberts robinson rodriguez romano rossi russo sanchez santos sato schmidt
schneider schulz scott shah sharma silva singh smirnov smith suzuki takahashi tan tanaka taylor
thomas thompson torres tran turner verma wagner walker wang ward watanabe watson weber white
williams wilson wolf wong wood wright wu xu yamamoto yang yilmaz young yu zhang zhao zhou zhu
"""
# The hundred family names that most Chinese bear, by their first dozens.
HAN_FAMILY = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许邓冯韩曹曾彭萧蔡潘田董袁于余叶蒋杜苏魏"
)
_NICKS = """
admin alpha angel apple arrow ash astro bear beta binary bird blade blue bot boy bunny byte
cat chaos cloud code coder cool cosmic crazy cyber dark data dead dead death delta demo demon
dev developer devil doctor dog dragon dream duck eagle echo electric ember falcon fire flash
fox free frost gamer gamma geek ghost girl god gold green grey guest guru hacker hawk hell
hello hunter ice info iron jedi joker king kitty knight lazy legend light linux lion lord lost
love lucky luna mad magic mail master matrix me mega metal midnight mighty mist monkey moon mr
my neo neon night ninja nobody noob nova null omega one orange owl panda penguin phantom
phoenix pilot pirate pixel player pro punk queen rabbit rain random raven red rider robot rock
rocket root rose samurai shadow silent silver sky smith snake snow sonic soul space spark
spider spirit star static steel stone storm sun super support system team tech test tester the
thunder tiger tiny titan toxic turbo ultra unicorn user vampire velvet viper void warrior web
white wild wind winter witch wizard wolf world xx yeti zen zero zombie
"""
_GROUPS = """
abigail abby gail/alexander alex alexandra sasha sascha lex aleksandr alexandr oleksandr
aleksander alejandro/ andrew andy drew/anthony tony/barbara barb babs/benjamin ben benji
benny/catherine katherine kathryn cathy kathy kate katie kat katarzyna kasia/charles charlie
chuck/christopher chris christian christina christine kit topher/daniel dan danny/david
dave/deborah deb debbie/dmitry dima mitya/donald don donny/edward ed eddie ted ned/elizabeth
liz beth lizzie betty eliza lisa/ ekaterina katya katja/evgeny eugene zhenya yevgeny/francisco
paco pancho fran/frederick fred freddy/gabriel gabe/george giorgos yiorgos/giuseppe peppe
beppe/gregory greg/henry harry hank/ ignacio nacho/james jim jimmy jamie/jeffrey jeff/jennifer
jen jenny/jessica jess/johannes hannes jo hans/john jon jack johnny/jonathan jon/jose
pepe/joseph joe joey/joshua josh/kenneth ken kenny/ lawrence larry/leonard leo len/margaret
maggie peggy meg/matthew matt matty/michael mike mick mikey micha mikhail misha/nathaniel nate
nathan/nicholas nick nico nicolas/oliver ollie/patricia pat patty tricia/patrick pat
paddy/peter pete/philip phil/raymond ray/rebecca becky/richard rick dick richie rich/robert rob
bob bobby robbie/ronald ron/samuel sam sammy samantha/sebastian basti seb/stephen steven steve
stefan/susan sue suzy/theodore ted theo/thomas tom tommy/timothy tim/ tobias tobi/victoria
vicky tori/vladimir vova volodya/william will bill billy liam willy/ zachary zach
zack/maximilian max/ulrich uli/wolfgang wolf/sergey serhii seryozha/nikolaos nikos/ lee yi
rhee/lim im/kang gang/jung jeong chung/cho jo/yoon yun/shin sin/seo suh/park bak pak/choi choe
"""
GIVEN, FAMILY = frozenset(_GIVEN.split()), frozenset(_FAMILY.split())
COMMONEST, NICKS = frozenset(_COMMONEST.split()), frozenset(_NICKS.split())
PETS: dict[str, frozenset[int]] = {}
for _number, _group in enumerate(" ".join(_GROUPS.split()).split("/")):
    for _name in _group.split():
        PETS[_name] = PETS.get(_name, frozenset()) | {_number}
